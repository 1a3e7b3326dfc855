// What the official conformance suite expects of a server under test, by its names. A test-only mode: server.ts loads this
// folder by a dynamic import and only when CONFORMANCE_FIXTURES asks for it; nothing else of the server knows it.

import type { RegisterExtras } from '../create-server.ts';
import { registerContentTools } from './content-tools.ts';
import { registerConversationTools } from './conversation-tools.ts';
import { registerInputRequired } from './input-required.ts';
import { registerPrompts } from './prompts.ts';
import { registerResources } from './resources.ts';

/** Adds the fixtures to one server instance. */
export const registerFixtures: RegisterExtras = (server, { changes, requestState }) => {
  server.server.registerCapabilities({
    logging: {},
    completions: {},
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { subscribe: true, listChanged: true },
  });
  registerContentTools(server);
  registerConversationTools(server, changes);
  registerInputRequired(server, requestState);
  registerResources(server);
  registerPrompts(server);
};
