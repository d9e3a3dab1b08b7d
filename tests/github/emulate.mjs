// Runs GitHub as npm's `emulate` has it: `node emulate.mjs SEED`. Says its address once it is up; ends with its input.
import { Server, createServer } from "node:net";
import { createEmulator } from "emulate";

// It would listen on every interface.
const listen = Server.prototype.listen;
Server.prototype.listen = function (port) {
  return listen.call(this, port, "127.0.0.1");
};

// It writes its address into its answers, so the port must be known before it listens.
const port = await new Promise((resolve) => {
  const probe = createServer().listen(0);
  probe.on("listening", () => {
    const free = probe.address().port;
    probe.close(() => resolve(free));
  });
});
const address = `http://127.0.0.1:${port}`;
const emulator = await createEmulator({
  service: "github",
  port,
  baseUrl: address,
  seed: JSON.parse(process.argv[2]),
});
console.log(address);
process.stdin.resume();
process.stdin.on("end", () => emulator.close().then(() => process.exit(0)));
