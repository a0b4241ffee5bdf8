// Runs graphql-http's audits of a server: node audit.mjs URL, with the key in the variable AUDIT_KEY.
// Prints a JSON list of {id, name, status, reason}; status is "ok", "notice", "warn" or "error".
import { serverAudits } from "graphql-http";

const [url] = process.argv.slice(2);
const headers = { authorization: `Bearer ${process.env.AUDIT_KEY}` };
const fetchFn = (address, options = {}) => fetch(address, { ...options, headers: { ...options.headers, ...headers } });

const results = [];
for (const audit of serverAudits({ url, fetchFn })) {
  const { id, name, status, reason = "" } = await audit.fn();
  results.push({ id, name, status, reason });
}
console.log(JSON.stringify(results));
