// What may stand in a task file: the one schema that checks files, gives the types, and is published for editors. Keys are
// written as they stand in YAML; `describe` is what an editor shows.

import * as z from 'zod';
import { PROFILE_NAME } from '../../credential-config.ts';
import { patternFault } from '../expect/pattern-fault.ts';
import { matcherFault } from '../expect/value-matchers.ts';
import { DURATION_PATTERN, parseDuration } from './duration.ts';

/** Larger than any run that makes sense; a typing mistake should not start a million calls. */
const MAX_REPEAT = 1_000;
const MAX_TEXT = 100_000;

const duration = z
  .string('a duration such as 500ms, 60s or 5m')
  .regex(DURATION_PATTERN, 'a duration such as 500ms, 60s or 5m')
  .refine((text) => parseDuration(text) !== undefined, 'a duration from 1ms to 24 days');

const pattern = z
  .string()
  .max(10_000)
  .superRefine((text, context) => {
    const fault = patternFault(text);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
  });

const id = z
  .string()
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'lower-case letters, digits and single hyphens, such as create-note')
  .max(80);
const name = z.string().min(1).max(200);
const count = z.int().min(0);
const jsonObject = z.record(z.string(), z.unknown());

/** A number of model calls, tool calls, tokens or dollars that is enforced: the turn ends there. */
const enforcedLimits = z
  .strictObject({
    max_turns: z.int().min(1).optional().describe('Model calls that one turn may make'),
    max_tool_calls: z.int().min(1).optional().describe('Tool calls that one turn may make'),
    max_tokens: z.int().min(1).optional().describe('Tokens that one turn may use, input and output together'),
    max_usd: z.number().positive().optional().describe('US dollars that one turn may cost, where the price is known'),
  })
  .describe('Where a turn is stopped. A task that is stopped fails, unless it expects status: limit');

const plainAnswer = {
  equals: z.string().optional().describe('The whole answer, without space around it'),
  contains: z.string().min(1).optional().describe('A part of the answer, upper and lower case told apart'),
  icontains: z.string().min(1).optional().describe('A part of the answer, whatever its case'),
  matches: pattern.optional().describe('A regular expression that fits somewhere in the answer'),
  json_schema: z
    .union([jsonObject, z.string().min(1)], 'a JSON Schema, or the path of a file with one')
    .optional()
    .describe('JSON Schema for an answer that is JSON, or the path of a file with one, from this file'),
  number: z
    .strictObject({
      value: z.number(),
      within: z.number().min(0).default(0).describe('How far off is still right. Default 0'),
    })
    .optional()
    .describe('Some number in the answer is this one'),
};

const answer = z
  .strictObject({
    ...plainAnswer,
    not: z
      .strictObject(plainAnswer)
      .refine(
        (one) => Object.keys(one).length > 0,
        'at least one of equals, contains, icontains, matches, json_schema, number',
      )
      .optional()
      .describe('None of these holds'),
  })
  .refine(
    (one) => Object.keys(one).length > 0,
    'at least one of equals, contains, icontains, matches, json_schema, number, not',
  )
  .describe('What the answer says; all of these hold');

const args = jsonObject.superRefine((value, context) => {
  const fault = matcherFault(value);
  if (fault) context.addIssue({ code: 'custom', path: [...fault.path], message: fault.message });
});

const expectedCall = z.strictObject({
  name: name.describe('tool or server.tool; * stands for any run of characters'),
  args: args.optional().describe('Values, or matchers: {$any: true}, {$matches: "^n-"}, {$gt: 3}, …'),
  outcome: z.enum(['ok', 'error', 'denied']).optional().describe('What became of the call. Default: any'),
});

const tools = z
  .strictObject({
    mode: z
      .enum(['strict', 'unordered', 'subset', 'superset'])
      .default('superset')
      .describe(
        'strict: these calls in this order; unordered: these calls; subset: no other calls; superset: at least these. Default superset',
      ),
    args: z
      .enum(['exact', 'partial', 'ignore'])
      .default('partial')
      .describe('exact: no other arguments; partial: at least these. Default partial'),
    calls: z.array(expectedCall).max(1_000),
  })
  .describe('The tool calls that the model made');

const oneOrMany = z.union([name, z.array(name).min(1).max(100)], 'a name, or a list of names');

export const TASK_STATUSES = ['ok', 'blocked', 'auth_required', 'limit', 'error'] as const;

const expectation = z
  .strictObject({
    answer: answer.optional(),
    tools: tools.optional(),
    not_called: oneOrMany.optional().describe('The model did not ask for these tools, allowed or not'),
    status: z
      .enum(TASK_STATUSES)
      .optional()
      .describe('How the task ended. Without it, every task is expected to end ok'),
    auth: z
      .strictObject({
        missing_scope: z.array(name).max(100).describe('Exactly these scopes were missing; [] for none'),
      })
      .optional(),
    limits: z
      .strictObject({
        turns: count.optional().describe('Model calls at most'),
        tool_calls: count.optional().describe('Tool calls at most'),
        tokens: count.optional().describe('Tokens at most, input and output together'),
        ms: count.optional().describe('Milliseconds at most'),
        usd: z.number().min(0).optional().describe('US dollars at most, where the price is known'),
      })
      .refine((one) => Object.keys(one).length > 0, 'at least one of turns, tool_calls, tokens, ms, usd')
      .optional()
      .describe('What the task may use up; measured at its end'),
    rubric: z.string().min(1).max(10_000).optional().describe('What a judge model looks for; skipped without a judge'),
  })
  .refine(
    (one) => Object.keys(one).length > 0,
    'at least one of answer, tools, not_called, status, auth, limits, rubric',
  );

const settings = {
  model: name.optional().describe('provider:model. Default: LLM_MODEL'),
  servers: z.array(name).min(1).max(50).optional().describe('Names from .mcp.json. Default: all'),
  as: z
    .union(
      [
        z.string().regex(PROFILE_NAME, 'a login profile (letters, digits and . _ @ -)'),
        z.strictObject({ machine: name }),
      ],
      'a login profile (letters, digits and . _ @ -), or {machine: CLIENT_ID}',
    )
    .optional()
    .describe('The login profile to act with, or the machine client. Default: the configured one'),
  approve: z
    .array(name)
    .max(100)
    .optional()
    .describe('Tools that a person would have allowed: tool or server.tool with *. Everything else is denied'),
  repeat: z.int().min(1).max(MAX_REPEAT).optional().describe('How often it runs. Default 1'),
  pass: z
    .union(
      [z.literal('all'), z.string().regex(/^[1-9]\d{0,3}\/[1-9]\d{0,3}$/, 'all, or a share such as 4/5')],
      'all, or a share such as 4/5',
    )
    .optional()
    .describe('How many of the runs have to pass: all, or 4/5. Default all'),
  timeout: duration.optional().describe('For one run of the task. Default 120s'),
  limits: enforcedLimits.optional(),
  tags: z.array(id).max(50).optional().describe('For --tag'),
};

const task = z
  .strictObject({
    id: id.describe('Unique; stands in reports, and --grep looks here'),
    description: z.string().max(MAX_TEXT).optional(),
    prompt: z.string().min(1).max(MAX_TEXT).optional().describe('What the agent is asked'),
    turns: z
      .array(z.string().min(1).max(MAX_TEXT))
      .min(1)
      .max(100)
      .optional()
      .describe('A conversation, instead of prompt'),
    ...settings,
    matrix: z
      .strictObject({ model: z.array(name).min(1).max(50) })
      .optional()
      .describe('Runs the task with each of these models'),
    expect: z.array(expectation).max(100).optional(),
    check: z
      .string()
      .min(1)
      .optional()
      .describe('Path of a module, from this file, whose default export judges the run'),
    skip: z
      .union([z.boolean(), z.string().min(1)], 'true, or a text that says why')
      .optional()
      .describe('true, or why it is skipped'),
  })
  .superRefine((one, context) => {
    const fault = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (one.prompt === undefined && one.turns === undefined)
      context.addIssue({ code: 'custom', message: 'prompt or turns' });
    if (one.prompt !== undefined && one.turns !== undefined) fault('turns', 'either prompt or turns, not both');
    if (one.matrix && one.model !== undefined) fault('model', 'either model or matrix, not both');
    const [passed, of] = (one.pass ?? '').split('/').map(Number);
    if (passed === undefined || of === undefined) return;
    if (passed > of) fault('pass', 'a share of at most 1, such as 4/5');
    if (one.repeat !== undefined && one.repeat !== of)
      fault('pass', `a share of the ${one.repeat} runs that repeat asks for`);
    if (one.repeat === undefined && of > MAX_REPEAT) fault('pass', `at most ${MAX_REPEAT} runs`);
  });

export const taskFileSchema = z.strictObject({
  $schema: z.string().optional(),
  version: z.literal(1, 'version 1'),
  defaults: z
    .strictObject({ ...settings, max_turns: enforcedLimits.shape.max_turns })
    .optional()
    .describe('For all tasks of this file'),
  servers: settings.servers,
  judge: name.optional().describe('provider:model that judges rubrics; --judge comes first'),
  tasks: z.array(task).min(1, 'at least one task').max(100_000),
});

/** One line of a JSONL file. */
export const taskSchema = task;

export type TaskFile = z.output<typeof taskFileSchema>;
export type WrittenTask = z.output<typeof taskSchema>;
export type Expectation = z.output<typeof expectation>;
export type ExpectedAnswer = z.output<typeof answer>;
export type ExpectedTools = z.output<typeof tools>;
export type ExpectedCall = z.output<typeof expectedCall>;
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** The schema as JSON Schema, for editors. */
export function toJsonSchema(): Record<string, unknown> {
  return {
    title: 'Tasks for an agent',
    ...z.toJSONSchema(taskFileSchema, { target: 'draft-7', io: 'input', unrepresentable: 'any' }),
  };
}
