/** What a state machine tells apart in a response. 100 is apart: it says nothing to anyone but the next hop. */
export type StatusClass = "100" | "1xx" | "2xx" | "3xx-6xx";

export function statusClass(status: number): StatusClass {
  if (status === 100) {
    return "100";
  }
  if (status < 200) {
    return "1xx";
  }
  return status < 300 ? "2xx" : "3xx-6xx";
}
