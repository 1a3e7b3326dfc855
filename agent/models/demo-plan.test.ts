import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planRequest } from './demo-plan.ts';
import { type DemoTool, parseTool } from './demo-tools.ts';

const number = { type: 'number' };
const text = { type: 'string' };

const ARITHMETIC = [
  createTool('add', 'Adds two numbers: a + b.', { a: number, b: number }),
  createTool('subtract', 'Subtracts b from a: a - b.', { a: number, b: number }),
  createTool('multiply', 'Multiplies two numbers: a * b, also written a × b.', { a: number, b: number }),
  createTool('divide', 'Divides a by b: a / b, also written a ÷ b.', { a: number, b: number }),
];
const NOTES = [
  createTool('create_note', 'Creates a note in your notebook.', { title: text, text }),
  createTool(
    'list_notes',
    'Lists your notes, newest first.',
    { limit: { type: 'integer' }, status: { enum: ['open', 'in_progress', 'done'] }, archived: { type: 'boolean' } },
    [],
  ),
  createTool('delete_note', 'Deletes a note for good.', { id: text }),
  createTool('search_notes', 'Finds notes that contain a text.', { query: text }),
  createTool('whoami', 'Tells who you are: subject, client and scopes.', {}),
  createTool('set_range', 'Sets a range.', { range: { type: 'object' }, mode: { enum: ['fast', 'exact'] } }),
];
const TOOLS = [...ARITHMETIC, ...NOTES];

const CALLS: readonly (readonly [request: string, ...calls: (readonly [string, Record<string, unknown>])[]])[] = [
  ['add 2 and 40', ['add', { a: 2, b: 40 }]],
  ['please add 2 and 40 for me, thanks', ['add', { a: 2, b: 40 }]],
  ['adding 2 to 3', ['add', { a: 2, b: 3 }]],
  ['addition of 2 and 3', ['add', { a: 2, b: 3 }]],
  ['multiplication of 3 and 4', ['multiply', { a: 3, b: 4 }]],
  ['add(2, -40)', ['add', { a: 2, b: -40 }]],
  ['add(2,-40)', ['add', { a: 2, b: -40 }]],
  ['add a=2 b=-3.5e2', ['add', { a: 2, b: -350 }]],
  ['add b=40 a=2.', ['add', { a: 2, b: 40 }]],
  ['add .5 and 1e3', ['add', { a: 0.5, b: 1000 }]],
  ['add a 5 to 6', ['add', { a: 5, b: 6 }]],
  ['What is 2 + 40?', ['add', { a: 2, b: 40 }]],
  ['compute 2+40 for my friend now', ['add', { a: 2, b: 40 }]],
  ['-3 + 5', ['add', { a: -3, b: 5 }]],
  ['what is 5-3', ['subtract', { a: 5, b: 3 }]],
  ['2 - -3', ['subtract', { a: 2, b: -3 }]],
  ['2--3', ['subtract', { a: 2, b: -3 }]],
  ['10 ÷ 4', ['divide', { a: 10, b: 4 }]],
  ['3*4', ['multiply', { a: 3, b: 4 }]],
  ['3 × 4', ['multiply', { a: 3, b: 4 }]],
  ['subtract 3 from 10', ['subtract', { a: 10, b: 3 }]],
  ['divide 10 by 2', ['divide', { a: 10, b: 2 }]],
  ['multiply 3 by 4 and divide 10 by 2', ['multiply', { a: 3, b: 4 }], ['divide', { a: 10, b: 2 }]],
  ['add 2 and 40; divide 1 by 0', ['add', { a: 2, b: 40 }], ['divide', { a: 1, b: 0 }]],
  ['add 2 and 40, then divide 1 by 2', ['add', { a: 2, b: 40 }], ['divide', { a: 1, b: 2 }]],
  ['add 2 and 40 and then divide 1 by 2', ['add', { a: 2, b: 40 }], ['divide', { a: 1, b: 2 }]],
  ['add 2 and 40\ndivide 1 by 2', ['add', { a: 2, b: 40 }], ['divide', { a: 1, b: 2 }]],
  ['Add 2 and 40. Divide 10 by 2.', ['add', { a: 2, b: 40 }], ['divide', { a: 10, b: 2 }]],
  [
    'add 2 and 40 and divide 10 by 2 and add 3 and 3',
    ['add', { a: 2, b: 40 }],
    ['divide', { a: 10, b: 2 }],
    ['add', { a: 3, b: 3 }],
  ],
  ['10 - 3 and 4 + 5', ['subtract', { a: 10, b: 3 }], ['add', { a: 4, b: 5 }]],
  ['who am I?', ['whoami', {}]],
  ['whoami and list my notes', ['whoami', {}], ['list_notes', {}]],
  ['List-Notes', ['list_notes', {}]],
  ['listing of my notes', ['list_notes', {}]],
  ['list open notes limit 5', ['list_notes', { limit: 5, status: 'open' }]],
  ['list notes in progress, archived no', ['list_notes', { status: 'in_progress', archived: false }]],
  ['list notes archived=true', ['list_notes', { archived: true }]],
  ['list notes that are done, yes archived', ['list_notes', { status: 'done', archived: true }]],
  ['list notes status=DONE', ['list_notes', { status: 'done' }]],
  ['delete note n-7', ['delete_note', { id: 'n-7' }]],
  ['delete the note with id 7', ['delete_note', { id: '7' }]],
  ['delete_note id=n-7', ['delete_note', { id: 'n-7' }]],
  ['delete note "add 1 and 2; then 3"', ['delete_note', { id: 'add 1 and 2; then 3' }]],
  ['search notes for milk?', ['search_notes', { query: 'milk' }]],
  ['search notes for salt and pepper', ['search_notes', { query: 'salt and pepper' }]],
  ["search notes for what's new", ['search_notes', { query: "what's new" }]],
  ['create note "Groceries" "milk"', ['create_note', { title: 'Groceries', text: 'milk' }]],
  ["create note text 'milk' title “Groceries”", ['create_note', { title: 'Groceries', text: 'milk' }]],
];

for (const [request, ...expected] of CALLS)
  test(`the demo model understands ${JSON.stringify(request)}`, () => {
    const { calls, remarks } = planRequest(TOOLS, request);
    assert.deepEqual(
      calls.map(({ name, args }) => [name, args]),
      expected,
    );
    assert.deepEqual(remarks, []);
  });

const QUESTIONS: readonly (readonly [request: string, said: RegExp])[] = [
  ['add 2', /^I would call add, but it needs b \(number\)\. For example: add a=2 b=1$/],
  ['add a=two b=3', /needs a \(number\)/],
  ['delete the note', /needs id \(string\)\. For example: delete_note id="some text"$/],
  ['add 1 2 3', /cannot place 3\./],
  ['add 1,000 and 2', /needs b \(number\) and I cannot place 1,000/],
  ['list notes limit 2.5', /cannot place 2\.5/],
  ['set range 5', /needs range \(structured, which I cannot fill\), mode \(fast or exact\)/],
  ['2 + 3 * 4', /^Several tools match "2 \+ 3 \* 4" equally well: add, multiply\. Name one, for example: add a=1 b=2$/],
  ['note', /^Several tools match/],
  ['tell me a joke', /^I am not an LLM: .*The tools are: add, subtract.*add a=1 b=2\n.*LLM_MODEL=provider:model/s],
  ['give me two jokes', /^I am not an LLM/],
  ['hello', /^I am not an LLM/],
  ['', /^I am not an LLM/],
  ['what happened on 2024-01-01', /^I am not an LLM/],
  ["don't delete note 7", /^I am not an LLM/],
  ['never add 1 and 2', /^I am not an LLM/],
];

for (const [request, said] of QUESTIONS)
  test(`the demo model calls nothing for ${JSON.stringify(request)} and says why`, () => {
    const { calls, remarks } = planRequest(TOOLS, request);
    assert.deepEqual(calls, []);
    assert.equal(remarks.length, 1);
    assert.match(remarks[0] ?? '', said);
  });

test('a clause that matches nothing is named beside the calls for the others', () => {
  const { calls, remarks } = planRequest(TOOLS, 'add 2 and 40, then hello; divide 3');
  assert.deepEqual(calls, [{ name: 'add', args: { a: 2, b: 40 } }]);
  assert.match(remarks.join('\n'), /^No tool matches "hello"\.\nI would call divide/);
});

test('without tools the demo model says that there are none', () => {
  assert.match(planRequest([], 'add 2 and 40').remarks[0] ?? '', /There are no tools/);
});

test('a long list of tools is cut short', () => {
  const many = Array.from({ length: 30 }, (_, index) => createTool(`tool_number_${'abc'.repeat(index + 1)}`, '', {}));
  assert.match(planRequest(many, 'hello').remarks[0] ?? '', /and 10 more/);
});

test('a tool is found by its display name', () => {
  const tools = [createTool('t1', '', {}, [], 'Weather forecast'), createTool('t2', '', {}, [], 'Train times')];
  assert.deepEqual(planRequest(tools, 'forecast').calls, [{ name: 't1', args: {} }]);
});

test('a single tool is not called for whatever is said', () => {
  const [add] = ARITHMETIC;
  assert.ok(add);
  assert.deepEqual(planRequest([add], 'tell me about 2 and 40').calls, []);
  assert.deepEqual(planRequest([add], 'add 2 and 40').calls, [{ name: 'add', args: { a: 2, b: 40 } }]);
});

test('a parameter may be called like something that every object has', () => {
  const tools = [createTool('greet', 'Greets somebody.', { constructor: text })];
  assert.deepEqual(planRequest(tools, 'greet').calls, []);
  assert.deepEqual(planRequest(tools, 'greet Ada').calls, [{ name: 'greet', args: { constructor: 'Ada' } }]);
});

test('a long request with many separators is planned in no time', () => {
  const startedAtMs = performance.now();
  planRequest(TOOLS, 'add 1 and 2, '.repeat(2000));
  planRequest(TOOLS, `${'"'.repeat(5001)}${"'a ".repeat(5000)}`);
  assert.ok(performance.now() - startedAtMs < 5000);
});

function createTool(
  name: string,
  description: string,
  properties: Record<string, unknown>,
  required = Object.keys(properties),
  title?: string,
): DemoTool {
  const parameters = { type: 'object', properties, required };
  const tool = parseTool({ type: 'function', function: { name, description, parameters } }, title);
  assert.ok(tool);
  return tool;
}
