import type { WorkerGroup } from "@mss/runtime";

type Listener = (value: unknown) => unknown;

/** The workers of one node without processes: what they tell each other goes as JSON, and arrives at once. */
export function memoryGroups(count: number): readonly WorkerGroup[] {
  const ends = Array.from({ length: count }, () => ({
    listeners: new Map<string, Listener>(),
    answers: new Map<string, Listener>(),
  }));
  return ends.map((own, index) => {
    const others = ends.filter((end) => end !== own);
    return {
      worker: index + 1,
      workers: count,
      tell: (topic, value) => others.forEach(({ listeners }) => listeners.get(topic)?.(copyOf(value))),
      onTold: (topic, listener) => own.listeners.set(topic, listener),
      ask: async (topic, value) => {
        const asked = others.flatMap(({ answers }) => answers.get(topic) ?? []);
        return Promise.all(asked.map(async (answer) => copyOf(await answer(copyOf(value)))));
      },
      onAsked: (topic, answer) => own.answers.set(topic, answer),
    };
  });
}

function copyOf(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
