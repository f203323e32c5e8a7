// Reads messages and says what is in them: one JSON line {"parser", "raw": base64} in, one JSON line out.
import { createInterface } from 'node:readline';
import mailparser from 'mailparser';
import PostalMime from 'postal-mime';

const base64 = (content) => Buffer.from(content ?? '').toString('base64');
const mailbox = ({ name, address }) => ({ name: name ?? '', address: address ?? '' });
// Members of a group count as members of the list.
const flat = (list) => (list ?? []).flatMap((one) => (one.group ? flat(one.group) : [mailbox(one)]));

const parsers = {
  'postal-mime': async (raw) => {
    const mail = await PostalMime.parse(raw, { attachmentEncoding: 'arraybuffer' });
    return {
      subject: mail.subject,
      from: flat(mail.from ? [mail.from] : []),
      to: flat(mail.to),
      cc: flat(mail.cc),
      text: mail.text,
      html: mail.html,
      attachments: mail.attachments.map((file) => ({
        filename: file.filename,
        type: file.mimeType,
        content: base64(file.content),
        cid: file.contentId?.replace(/^<|>$/g, ''),
        disposition: file.disposition,
      })),
    };
  },
  mailparser: async (raw) => {
    // Its conveniences are off: it makes no text of HTML, no HTML of text, and no data: URL of cid:.
    const mail = await mailparser.simpleParser(raw, {
      keepCidLinks: true,
      skipHtmlToText: true,
      skipTextToHtml: true,
      skipTextLinks: true,
    });
    const people = (field) => flat([field ?? []].flat().flatMap((one) => one.value));
    return {
      subject: mail.subject,
      from: people(mail.from),
      to: people(mail.to),
      cc: people(mail.cc),
      text: mail.text,
      html: mail.html || undefined,
      attachments: mail.attachments.map((file) => ({
        filename: file.filename,
        type: file.contentType,
        content: base64(file.content),
        cid: file.cid,
        disposition: file.contentDisposition,
      })),
    };
  },
};

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const { parser, raw } = JSON.parse(line);
  let answer;
  try {
    answer = await parsers[parser](Buffer.from(raw, 'base64'));
  } catch (error) {
    answer = { error: String(error?.stack ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
