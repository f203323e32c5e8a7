// The API behind the page; where the page is mounted, there it is.

const base = new URL(".", document.baseURI);

export const address = (path, query = {}) => {
  const url = new URL(path, base);
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== "") url.searchParams.set(name, value);
  return url;
};

export class Refused extends Error {
  constructor(error, hint) {
    super(error);
    this.hint = hint || "";
  }
}

async function answered(path, query, options) {
  let response;
  try {
    response = await fetch(address(path, query), options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(`${document.title.replace(/^\(.*?\) /, "")} does not answer.`, "Is it still running?");
  }
  if (response.ok) return response;
  let told = {};
  try { told = await response.json(); } catch { /* not ours */ }
  throw new Refused(told.error || `The answer was ${response.status}.`, told.hint);
}

export const get = async (path, query, options) => (await answered(path, query, options)).json();
export const text = async (path, query, options) => (await answered(path, query, options)).text();

export async function send(method, path, data, query, more) {
  const options = { method, ...more };
  if (data instanceof Blob) options.body = data;
  else if (data !== undefined) Object.assign(options, { body: JSON.stringify(data), headers: { "content-type": "application/json" } });
  return (await answered(path, query, options)).json();
}

export function events(on) {
  const source = new EventSource(address("api/events"));
  source.addEventListener("change", (event) => on.change(JSON.parse(event.data)));
  source.onopen = () => on.state("on");
  source.onerror = () => on.state("off");
}
