export { createTestAgent } from "./test-agent.ts";
export type { AgentEvent, AgentRequest, AgentResponse, TestAgent, TestAgentOptions } from "./test-agent.ts";
export { createVirtualNetwork } from "./virtual-network.ts";
export type { Fate, Packet, VirtualNetwork, VirtualNetworkOptions, VirtualTransport } from "./virtual-network.ts";
