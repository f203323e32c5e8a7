// Sends one mail by nodemailer. One line of JSON in, {transport, mail}; one out, {accepted, rejected} or {error, reply}.
import nodemailer from "nodemailer";
import { createInterface } from "node:readline";

for await (const line of createInterface({ input: process.stdin })) {
  const { transport, mails } = JSON.parse(line);
  const client = nodemailer.createTransport(transport);
  const told = [];
  try {
    for (const mail of mails) {
      if (mail.attachments) {
        mail.attachments = mail.attachments.map((one) => ({ ...one, content: Buffer.from(one.content, "base64") }));
      }
      const sent = await client.sendMail(mail);
      told.push({ accepted: sent.accepted, rejected: sent.rejected });
    }
    console.log(JSON.stringify({ told }));
  } catch (error) {
    console.log(JSON.stringify({ told, error: `${error.message}`, reply: error.responseCode ?? 0 }));
    process.exitCode = 1;
  } finally {
    client.close();
  }
}
