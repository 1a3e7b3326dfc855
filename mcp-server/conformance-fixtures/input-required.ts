// Tools and a prompt that need something from the client before they can answer. In 2026-07-28 the client fetches it and
// calls again; in a session of an earlier revision the SDK asks for it while the call goes on.

import {
  acceptedContent,
  type ElicitRequestFormParams,
  type InputRequests,
  inputRequired,
  inputResponse,
  type McpServer,
  type RequestStateCodec,
  type ServerContext,
} from '@modelcontextprotocol/server';
import * as z from 'zod';
import { textResult } from './samples.ts';

type FormFields = ElicitRequestFormParams['requestedSchema']['properties'];

const form = (message: string, properties: FormFields, required: string[] = []) =>
  inputRequired.elicit({ mode: 'form', message, requestedSchema: { type: 'object', properties, required } });
const sampling = (text: string, maxTokens: number) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text } }], maxTokens });
const nameForm = () => form('What is your name?', { name: { type: 'string' } }, ['name']);
const confirmForm = () => form('Please confirm', { ok: { type: 'boolean' } }, ['ok']);
const choices = (value: string, label: string) =>
  ['First', 'Second', 'Third'].map((ordinal, index) => ({
    const: `${value}${index + 1}`,
    title: `${ordinal} ${label}`,
  }));

const NAME = z.object({ name: z.string() });
const OK = z.object({ ok: z.boolean() });

export function registerInputRequired(server: McpServer, requestState: RequestStateCodec): void {
  registerQuestions(server);
  registerRounds(server, requestState);
  registerForms(server);
  server.registerPrompt(
    'test_input_required_result_prompt',
    { description: 'A prompt that needs a context from the person' },
    (context) => {
      const given = acceptedContent(context.mcpReq.inputResponses, 'user_context', z.object({ context: z.string() }));
      if (given) return { messages: [{ role: 'user', content: { type: 'text', text: `Context: ${given.context}` } }] };
      const question = form('What context should the prompt use?', { context: { type: 'string' } }, ['context']);
      return inputRequired({ inputRequests: { user_context: question } });
    },
  );
}

/** One question, one answer. */
function registerQuestions(server: McpServer): void {
  server.registerTool('test_input_required_result_elicitation', { description: 'Asks for a name' }, (context) => {
    const given = acceptedContent(context.mcpReq.inputResponses, 'user_name', NAME);
    return given ? textResult(`Hello, ${given.name}!`) : inputRequired({ inputRequests: { user_name: nameForm() } });
  });
  server.registerTool('test_input_required_result_sampling', { description: 'Asks the model' }, (context) => {
    const said = sampledText(context, 'capital_question');
    if (said !== undefined) return textResult(said);
    return inputRequired({ inputRequests: { capital_question: sampling('What is the capital of France?', 100) } });
  });
  server.registerTool('test_input_required_result_list_roots', { description: 'Asks for the roots' }, (context) => {
    const answer = inputResponse(context.mcpReq.inputResponses, 'client_roots');
    return answer.kind === 'roots'
      ? textResult(`Roots: ${answer.roots.map(({ uri }) => uri).join(', ')}`)
      : inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
  });
  server.registerTool(
    'test_sampling',
    { description: 'Asks the model what it is told to', inputSchema: z.object({ prompt: z.string() }) },
    ({ prompt }, context) => {
      const said = sampledText(context, 'answer');
      if (said !== undefined) return textResult(`LLM response: ${said}`);
      return inputRequired({ inputRequests: { answer: sampling(prompt, 100) } });
    },
  );
  server.registerTool('test_streaming_elicitation', { description: 'Asks for a confirmation' }, (context) =>
    acceptedContent(context.mcpReq.inputResponses, 'confirm', OK)
      ? textResult('Confirmed')
      : inputRequired({ inputRequests: { confirm: confirmForm() } }),
  );
  // The SDK refuses to ask a client for what it has not declared; that refusal is the point.
  server.registerTool('test_missing_capability', { description: 'Needs sampling' }, (context) => {
    const said = sampledText(context, 'answer');
    return said === undefined
      ? inputRequired({ inputRequests: { answer: sampling('Say hello', 10) } })
      : textResult(`The client can sample: ${said}`);
  });
  server.registerTool('test_input_required_result_capabilities', { description: 'Asks what it may' }, (context) => {
    if (context.mcpReq.inputResponses) return textResult('Thank you');
    const declared = server.server.getClientCapabilities();
    const inputRequests: InputRequests = {
      ...(declared?.sampling ? { question: sampling('What is the capital of France?', 100) } : {}),
      ...(declared?.elicitation ? { user_name: nameForm() } : {}),
    };
    return Object.keys(inputRequests).length > 0
      ? inputRequired({ inputRequests })
      : textResult('Nothing may be asked');
  });
}

/** Several questions, or several rounds, with state that travels through the client. */
function registerRounds(server: McpServer, requestState: RequestStateCodec): void {
  for (const name of ['test_input_required_result_request_state', 'test_input_required_result_tampered_state'])
    server.registerTool(name, { description: 'Asks for a confirmation, with state' }, async (context) => {
      const state = context.mcpReq.requestState();
      const given = acceptedContent(context.mcpReq.inputResponses, 'confirm', OK);
      if (given && state === 'asked') return textResult('state-ok');
      return inputRequired({
        inputRequests: { confirm: confirmForm() },
        requestState: await requestState.mint('asked', context),
      });
    });
  server.registerTool(
    'test_input_required_result_multiple_inputs',
    { description: 'Asks three things at once, with state' },
    async (context) => {
      const state = context.mcpReq.requestState();
      const given = acceptedContent(context.mcpReq.inputResponses, 'user_name', NAME);
      const greeting = sampledText(context, 'greeting');
      const roots = inputResponse(context.mcpReq.inputResponses, 'client_roots');
      if (state === 'asked' && given && greeting !== undefined && roots.kind === 'roots')
        return textResult(`${greeting} ${given.name}, ${roots.roots.length} roots`);
      return inputRequired({
        inputRequests: {
          user_name: nameForm(),
          greeting: sampling('Generate a greeting', 50),
          client_roots: inputRequired.listRoots(),
        },
        requestState: await requestState.mint('asked', context),
      });
    },
  );
  server.registerTool(
    'test_input_required_result_multi_round',
    { description: 'Asks two things, one after the other' },
    async (context) => {
      const state = context.mcpReq.requestState();
      const name = acceptedContent(context.mcpReq.inputResponses, 'step1', NAME)?.name;
      const color = acceptedContent(context.mcpReq.inputResponses, 'step2', z.object({ color: z.string() }))?.color;
      if (typeof state === 'string' && state.startsWith('name:') && color !== undefined)
        return textResult(`${state.slice('name:'.length)} likes ${color}`);
      if (state === 'start' && name !== undefined)
        return inputRequired({
          inputRequests: {
            step2: form('Step 2: What is your favorite color?', { color: { type: 'string' } }, ['color']),
          },
          requestState: await requestState.mint(`name:${name}`, context),
        });
      return inputRequired({
        inputRequests: { step1: form('Step 1: What is your name?', { name: { type: 'string' } }, ['name']) },
        requestState: await requestState.mint('start', context),
      });
    },
  );
}

/** Forms of every kind; the answer goes back as it came. */
function registerForms(server: McpServer): void {
  const registerForm = (name: string, description: string, request: () => ReturnType<typeof form>) =>
    server.registerTool(name, { description }, (context) => {
      const answer = inputResponse(context.mcpReq.inputResponses, 'answer');
      if (answer.kind !== 'elicit') return inputRequired({ inputRequests: { answer: request() } });
      const content = JSON.stringify(answer.content ?? {});
      return textResult(`Elicitation completed: action=${answer.action}, content=${content}`);
    });
  server.registerTool(
    'test_elicitation',
    { description: 'Asks the person what it is told to', inputSchema: z.object({ message: z.string() }) },
    ({ message }, context) => {
      const answer = inputResponse(context.mcpReq.inputResponses, 'answer');
      if (answer.kind === 'elicit')
        return textResult(`User response: action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`);
      const properties: FormFields = {
        username: { type: 'string', description: "User's response" },
        email: { type: 'string', description: "User's email address" },
      };
      return inputRequired({ inputRequests: { answer: form(message, properties, ['username', 'email']) } });
    },
  );
  registerForm('test_elicitation_sep1034_defaults', 'Asks with a default for every primitive type', () =>
    form('Please check these values', {
      name: { type: 'string', default: 'John Doe' },
      age: { type: 'integer', default: 30 },
      score: { type: 'number', default: 95.5 },
      status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
      verified: { type: 'boolean', default: true },
    }),
  );
  registerForm('test_elicitation_sep1330_enums', 'Asks with every kind of choice', () =>
    form('Please choose', {
      untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
      titledSingle: { type: 'string', oneOf: choices('value', 'Option') },
      legacyEnum: {
        type: 'string',
        enum: ['opt1', 'opt2', 'opt3'],
        enumNames: ['Option One', 'Option Two', 'Option Three'],
      },
      untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
      titledMulti: { type: 'array', items: { anyOf: choices('value', 'Choice') } },
    }),
  );
}

function sampledText(context: ServerContext, key: string): string | undefined {
  const answer = inputResponse(context.mcpReq.inputResponses, key);
  if (answer.kind !== 'sampling') return undefined;
  const [first] = [answer.result.content].flat();
  return first?.type === 'text' ? first.text : '';
}
