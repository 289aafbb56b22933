// A worker of the tests: what it does is its first argument, its place is in the environment.
const [what = "serve"] = process.argv.slice(2);
const worker = Number((process.env["MSS_WORKER"] ?? "").split("/")[0]);
const send = (message: unknown): void => void process.send?.(message);

process.on("message", (message) => {
  if (typeof message !== "object" || message === null || !("kind" in message) || !("topic" in message)) {
    return;
  }
  const id = "id" in message ? message.id : undefined;
  if (message.kind === "tell" && message.topic === "drain") {
    process.exit(0);
  } else if (message.kind === "ask" && (message.topic !== "ping" || what !== "hang")) {
    send({
      kind: "reply",
      id,
      value: { worker, topic: message.topic, value: "value" in message ? message.value : undefined },
    });
  } else if (message.kind === "tell") {
    send({ kind: "tell", topic: "others", value: { topic: "heard", value: worker } });
  }
});

if (what === "fault") {
  send({ kind: "tell", topic: "fault", value: { text: "cannot start: no reason", status: 2 } });
  process.disconnect();
} else if (what === "end") {
  process.exit(3);
} else {
  send({ kind: "tell", topic: "ready" });
}
