// Loaded by `npm start` before the agent's main (`node --import`), so that the agent loads while the servers start: waits
// until it is told to begin, and meanwhile loads what a conversation needs. Ends the process when it is never told.

import { once } from 'node:events';

const abandoned = () => process.exit(1);
process.once('disconnect', abandoned);
const told = once(process, 'message');
// What it exports is not needed here: loaded once, it is there for the command.
await Promise.all([told, import('../../agent/commands/chat.ts')]);
process.off('disconnect', abandoned);
process.disconnect();
