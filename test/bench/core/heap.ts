const LIMIT_MS = 60_000;

/** The address of the first target of a Node inspector (`--inspect=HOST:PORT`). */
async function targetOf(host: string, port: number): Promise<string> {
  const response = await fetch(`http://${host}:${port}/json/list`, { signal: AbortSignal.timeout(LIMIT_MS) });
  const url = /"webSocketDebuggerUrl": *"([^"]+)"/.exec(await response.text())?.[1];
  if (url === undefined) {
    throw new Error(`no inspector at ${host}:${port}`);
  }
  return url;
}

async function ask(socket: WebSocket, id: number, method: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => reject(new Error(`no answer to ${method}`)), LIMIT_MS);
  socket.addEventListener("message", ({ data }) => {
    const text = String(data);
    if (text.includes(`"id":${id},`)) {
      resolve(text);
    }
  });
  socket.send(JSON.stringify({ id, method }));
  const answer = await promise;
  clearTimeout(timer);
  return answer;
}

/** Bytes that a Node process holds in its heap after a full collection of garbage. */
export async function heapBytes(host: string, port: number): Promise<number> {
  const socket = new WebSocket(await targetOf(host, port));
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve, { once: true });
    socket.addEventListener("error", () => reject(new Error("the inspector refuses")), { once: true });
  });
  await ask(socket, 1, "HeapProfiler.collectGarbage");
  await ask(socket, 2, "HeapProfiler.collectGarbage"); // what the first one finalizes goes with the second
  const usage = await ask(socket, 3, "Runtime.getHeapUsage");
  socket.close();
  return Number(/"usedSize":(\d+)/.exec(usage)?.[1]) + Number(/"backingStorageSize":(\d+)/.exec(usage)?.[1] ?? 0);
}
