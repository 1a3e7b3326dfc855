import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChatTool, type CommandContext, completeCommand, parseCommand, runCommand } from './commands.ts';
import { createPaint } from './terminal.ts';

const TOOLS: readonly ChatTool[] = [
  { name: 'add', server: 'local', description: 'Adds two numbers.', scopes: ['read:add'] },
  { name: 'ping\x1b[2J', server: 'local', description: '', scopes: [] },
  { name: 'long', server: 'other', description: 'x'.repeat(200), scopes: ['a', 'b'] },
];
const CONTEXT: CommandContext = { tools: () => TOOLS, paint: createPaint(false), columns: 40 };

test('only a first word with a single slash is a command', () => {
  assert.equal(parseCommand('/tools'), '/tools');
  assert.equal(parseCommand('/tools now'), '/tools');
  assert.equal(parseCommand('/'), '/');
  assert.equal(parseCommand('/etc/hosts is what?'), undefined);
  assert.equal(parseCommand('what is /tools'), undefined);
  assert.equal(parseCommand('/tools\nand more'), undefined);
});

test('/tools lists each tool with server, description and needed scopes', () => {
  assert.deepEqual(runCommand('/tools', CONTEXT), {
    type: 'text',
    text: [
      'add · local · needs read:add',
      '  Adds two numbers.',
      'ping<U+001B>[2J · local',
      'long · other · needs a b',
      `  ${'x'.repeat(37)}…`,
    ].join('\n'),
  });
  assert.match(textOf('/tools', { ...CONTEXT, tools: () => [] }), /^no tools/);
});

test('/help lists every command', () => {
  for (const name of completeCommand('/')[0]) assert.ok(textOf('/help').includes(name));
});

test('/quit quits', () => {
  assert.deepEqual(runCommand('/quit', CONTEXT), { type: 'quit' });
});

test('an unknown command is answered with the nearest one', () => {
  assert.match(textOf('/tool'), /unknown command \/tool; did you mean \/tools\?/);
  assert.match(textOf('/exit'), /did you mean \/quit\?/);
  assert.match(textOf('/hepl'), /did you mean \/help\?/);
});

test('commands complete from their beginning', () => {
  assert.deepEqual(completeCommand('/t'), [['/tools'], '/t']);
  assert.deepEqual(completeCommand('/'), [['/help', '/tools', '/quit'], '/']);
  assert.deepEqual(completeCommand('tell'), [[], 'tell']);
});

function textOf(word: string, context: CommandContext = CONTEXT): string {
  const outcome = runCommand(word, context);
  assert.equal(outcome.type, 'text');
  return outcome.type === 'text' ? outcome.text : '';
}
