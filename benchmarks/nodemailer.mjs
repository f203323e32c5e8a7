// Sends messages through nodemailer's pool, one connection; prints the seconds and the CPU seconds that it took.
import { createRequire } from "node:module";
const require = createRequire(new URL("../tests/against/judges/package.json", import.meta.url));
const nodemailer = require("nodemailer");

const [port, count, size] = process.argv.slice(2).map(Number);
const pool = nodemailer.createTransport({
  pool: true, maxConnections: 1, maxMessages: Infinity, host: "127.0.0.1", port, secure: false, ignoreTLS: true,
});
const raw = "Subject: hello\r\nFrom: shop@example.com\r\nTo: zoe@example.com\r\n\r\n" + ("x".repeat(70) + "\r\n").repeat(size / 72);
const send = () => pool.sendMail({ envelope: { from: "shop@example.com", to: "zoe@example.com" }, raw });
await send();
const start = process.hrtime.bigint(), cpu = process.cpuUsage();
await Promise.all(Array.from({ length: count }, send));
const used = process.cpuUsage(cpu);
console.log(Number(process.hrtime.bigint() - start) / 1e9, (used.user + used.system) / 1e6);
pool.close();
