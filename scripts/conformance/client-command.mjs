// The command that the suite starts for each scenario. The client itself waits in the process of the leg, loaded once: forty
// at a time would need minutes only to start. This hands the scenario over and ends as the client ended. Plain JavaScript,
// because stripping types would be most of its work.

import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

const [, , socketPath = '', serverUrl = ''] = process.argv;
const { MCP_CONFORMANCE_SCENARIO: scenario, MCP_CONFORMANCE_CONTEXT: context } = process.env;
const socket = connect(socketPath);
socket.end(JSON.stringify({ serverUrl, scenario, context: context === undefined ? {} : JSON.parse(context) }));
const failure = await text(socket);
if (failure !== '') {
  process.stderr.write(`${failure}\n`);
  process.exitCode = 1;
}
