import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { describeFault, reportFaults } from './fault.ts';
import { loadSuite, type SuiteOptions } from './load-suite.ts';
import { toJsonSchema } from './task-file-schema.ts';

describe('task files', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'tasks-'));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  const write = (name: string, text: string) => writeFileSync(join(directory, name), text);
  const load = (text: string, { name = 'tasks.yaml', ...options }: Partial<SuiteOptions> & { name?: string } = {}) => {
    write(name, text);
    return loadSuite([name], { directory, ...options });
  };
  const faultsOf = (text: string, options?: Parameters<typeof load>[1]) =>
    load(text, options).faults.map(describeFault);
  const wrap = (task: string) => `version: 1\ntasks:\n  - id: one\n    prompt: hello\n${task}`;

  test('a task gets the defaults of its file, and what it says itself comes first', () => {
    const { tasks, judge, faults } = load(`version: 1
judge: demo
servers: [notes]
defaults: { timeout: 60s, max_turns: 8, model: demo, approve: [a], tags: [all], repeat: 2, as: alice }
tasks:
  - { id: plain, prompt: hello }
  - { id: own, turns: [a, b], timeout: 5m, model: other, servers: [x], approve: [], tags: [mine], pass: 4/5, as: { machine: bot }, limits: { max_turns: 3, max_usd: 0.5 } }
`);
    assert.deepEqual(faults, []);
    assert.equal(judge, 'demo');
    const [plain, own] = tasks;
    assert.deepEqual(
      [
        plain?.timeoutMs,
        plain?.limits,
        plain?.model,
        plain?.servers,
        plain?.approve,
        plain?.tags,
        plain?.repeat,
        plain?.mustPass,
        plain?.actingAs,
        plain?.turns,
      ],
      [60_000, { maxTurns: 8 }, 'demo', ['notes'], ['a'], ['all'], 2, 2, { kind: 'profile', name: 'alice' }, ['hello']],
    );
    assert.deepEqual(
      [
        own?.timeoutMs,
        own?.limits,
        own?.model,
        own?.servers,
        own?.approve,
        own?.tags,
        own?.repeat,
        own?.mustPass,
        own?.actingAs,
        own?.turns,
      ],
      [
        300_000,
        { maxTurns: 3, maxUsd: 0.5 },
        'other',
        ['x'],
        [],
        ['all', 'mine'],
        5,
        4,
        { kind: 'machine', name: 'bot' },
        ['a', 'b'],
      ],
    );
  });

  test('a matrix makes a task of each model; --model takes the place of all of them', () => {
    const text = wrap('    matrix: { model: [demo, "openai:gpt-5"] }\n');
    assert.deepEqual(
      load(text).tasks.map(({ id, model }) => [id, model]),
      [
        ['one@demo', 'demo'],
        ['one@openai:gpt-5', 'openai:gpt-5'],
      ],
    );
    assert.deepEqual(
      load(text, { model: 'demo' }).tasks.map(({ id, model }) => [id, model]),
      [['one', 'demo']],
    );
  });

  test('--repeat keeps the share that has to pass', () => {
    const [task] = load(wrap('    repeat: 5\n    pass: 4/5\n'), { repeat: 10 }).tasks;
    assert.deepEqual([task?.repeat, task?.mustPass], [10, 8]);
    const [all] = load(wrap(''), { repeat: 3 }).tasks;
    assert.deepEqual([all?.repeat, all?.mustPass], [3, 3]);
  });

  test('JSON lines are tasks, one a line, with empty lines between', () => {
    const { tasks, faults } = load('{"id":"a","prompt":"x"}\n\n{"id":"b","prompt":"y","repeat":2}\n', {
      name: 'tasks.jsonl',
    });
    assert.deepEqual(faults, []);
    assert.deepEqual(
      tasks.map(({ id, line, repeat }) => [id, line, repeat]),
      [
        ['a', 1, 1],
        ['b', 3, 2],
      ],
    );
  });

  test('anchors, aliases and merge keys are read', () => {
    const { tasks, faults } = load(`version: 1
defaults: &d { timeout: 1s }
tasks:
  - &t { id: a, prompt: hello, tags: [x] }
  - { <<: *t, id: b }
`);
    assert.deepEqual(faults, []);
    assert.deepEqual(
      tasks.map(({ id, tags }) => [id, ...tags]),
      [
        ['a', 'x'],
        ['b', 'x'],
      ],
    );
  });

  test('the hash changes with what is asked or expected, and with nothing else', () => {
    const hash = (text: string) => load(text).tasks[0]?.hash;
    const plain = hash(wrap('    expect: [{ answer: { contains: a } }]\n'));
    assert.equal(
      hash(wrap('    repeat: 5\n    tags: [x]\n    description: y\n    expect: [{ answer: { contains: a } }]\n')),
      plain,
    );
    assert.equal(
      hash(wrap('    model: demo\n    expect: [{ answer: { contains: a } }]\n')),
      plain,
      'who answers is no part',
    );
    assert.notEqual(hash(wrap('    expect: [{ answer: { contains: b } }]\n')), plain);
    assert.notEqual(hash(wrap('    as: alice\n    expect: [{ answer: { contains: a } }]\n')), plain);
    assert.notEqual(hash(wrap('    timeout: 5s\n    expect: [{ answer: { contains: a } }]\n')), plain);
    write('check.mjs', 'export default () => true');
    const checked = hash(wrap('    check: ./check.mjs\n'));
    write('check.mjs', 'export default () => "no"');
    assert.notEqual(hash(wrap('    check: ./check.mjs\n')), checked);
  });

  test('a file that a task names lies beside it or where one stands, whatever links say', () => {
    const outside = mkdtempSync(join(tmpdir(), 'outside-'));
    try {
      writeFileSync(join(outside, 'evil.mjs'), 'export default () => true');
      symlinkSync(join(outside, 'evil.mjs'), join(directory, 'link.mjs'));
      symlinkSync(outside, join(directory, 'linked'));
      for (const name of [
        join(outside, 'evil.mjs'),
        `../${basename(outside)}/evil.mjs`,
        './link.mjs',
        './linked/evil.mjs',
      ])
        assert.match(
          faultsOf(wrap(`    check: ${name}\n`)).join('\n'),
          /^tasks\.yaml:5:12 the file ".*" lies outside/,
          name,
        );
      assert.match(
        faultsOf(wrap('    expect: [{ answer: { json_schema: /etc/passwd } }]\n')).join('\n'),
        /lies outside/,
      );
      assert.match(faultsOf(wrap('    check: .\n')).join('\n'), /lies outside|expected a file/);
      mkdirSync(join(directory, 'suites'));
      write('check.mjs', 'export default () => true');
      write('suites/a.yaml', wrap('    check: ../check.mjs\n'));
      assert.deepEqual(loadSuite(['suites/a.yaml'], { directory }).faults, []);
    } finally {
      rmSync(outside, { recursive: true });
    }
  });

  test('a key twice on a line of JSON is a fault, since only the last one would count', () => {
    write('twice.jsonl', '{"id":"a","prompt":"x","expect":[{"status":"ok"}],"expect":[{"status":"limit"}]}\n');
    const { faults } = loadSuite(['twice.jsonl'], { directory });
    assert.deepEqual(
      faults.map(({ line, message }) => [line, message]),
      [[1, 'the same key twice']],
    );
  });

  const faults: readonly (readonly [what: string, text: string, expected: readonly RegExp[]])[] = [
    [
      'an unknown key of a task, with the likely slip',
      wrap('    promt: x\n'),
      [/^tasks\.yaml:5:5 tasks\[0\]: unknown key "promt"; did you mean "prompt"\?$/],
    ],
    [
      'an unknown key deep down',
      wrap('    expect:\n      - answer: { contain: x }\n'),
      [/^tasks\.yaml:6:19 tasks\[0\]\.expect\[0\]\.answer: unknown key "contain"; did you mean "contains"\?$/],
    ],
    [
      'an unknown key of nothing near',
      wrap('    colour: red\n'),
      [/unknown key "colour"; known: id, description, prompt/],
    ],
    [
      'an unknown key of the file',
      'version: 1\ntask: []\ntasks: [{ id: a, prompt: b }]\n',
      [/^tasks\.yaml:2:1 unknown key "task"; did you mean "tasks"\?$/],
    ],
    [
      'a duplicate id',
      `${wrap('')}  - id: one\n    prompt: x\n`,
      [/^tasks\.yaml:5:9 duplicate id "one"; it is taken at tasks\.yaml:3$/],
    ],
    ['a duplicate key', wrap('    prompt: again\n'), [/^tasks\.yaml:5:5 Map keys must be unique$/]],
    [
      'a bad regular expression',
      wrap('    expect: [{ answer: { matches: "(" } }]\n'),
      [/^tasks\.yaml:5:35 .*expected a regular expression \(/],
    ],
    [
      'a bad regular expression in a matcher',
      wrap('    expect: [{ tools: { calls: [{ name: a, args: { x: { $matches: "(" } } }] } }]\n'),
      [/^tasks\.yaml:5:67 .*\$matches: expected a regular expression/],
    ],
    [
      'an unknown matcher',
      wrap('    expect: [{ tools: { calls: [{ name: a, args: { x: { $matchs: "y" } } }] } }]\n'),
      [/x: expected a matcher that there is, not "\$matchs"; did you mean "\$matches"\?$/],
    ],
    [
      'a missing check module',
      wrap('    check: ./nothing.ts\n'),
      [/^tasks\.yaml:5:12 the file "\.\/nothing\.ts" cannot be read \(there is no such file\)/],
    ],
    [
      'a missing schema file',
      wrap('    expect: [{ answer: { json_schema: ./nothing.json } }]\n'),
      [/^tasks\.yaml:5:39 the file "\.\/nothing\.json" cannot be read/],
    ],
    [
      'a schema that is none',
      wrap('    expect: [{ answer: { json_schema: { type: nonsense } } }]\n'),
      [/expected a JSON Schema \(/],
    ],
    [
      'a number where a text belongs, with the cure',
      wrap('    expect: [{ answer: { equals: 42 } }]\n'),
      [/^tasks\.yaml:5:34 .*equals: expected a text, got 42; in quotes it is a text: "42"$/],
    ],
    ['no prompt', 'version: 1\ntasks: [{ id: a }]\n', [/tasks\[0\]: expected prompt or turns/]],
    ['prompt and turns', wrap('    turns: [x]\n'), [/turns: expected either prompt or turns, not both/]],
    [
      'a bad id',
      'version: 1\ntasks: [{ id: A b, prompt: x }]\n',
      [/id: expected lower-case letters, digits and single hyphens/],
    ],
    ['a bad duration', wrap('    timeout: 60\n'), [/timeout: expected a duration such as 500ms, 60s or 5m, got 60$/]],
    [
      'a duration without a unit',
      wrap('    timeout: "60"\n'),
      [/timeout: expected a duration such as 500ms, 60s or 5m/],
    ],
    ['a share above one', wrap('    pass: 6/5\n'), [/pass: expected a share of at most 1/]],
    ['a share of other runs', wrap('    repeat: 3\n    pass: 4/5\n'), [/pass: expected a share of the 3 runs/]],
    ['an empty expectation', wrap('    expect: [{}]\n'), [/expect\[0\]: expected at least one of answer, tools/]],
    [
      'a wrong status',
      wrap('    expect: [{ status: okay }]\n'),
      [/status: expected one of ok, blocked, auth_required, limit, error, got "okay"/],
    ],
    [
      'a key one level too high',
      wrap('    expect: [{ contains: x }]\n'),
      [/^tasks\.yaml:\d+:\d+ tasks\[0\]\.expect\[0\]: unknown key "contains"; it belongs under "answer"$/],
    ],
    [
      'a word where a list belongs',
      wrap('    approve: add\n'),
      [/approve: expected a list, got "add"; as a list: \["add"\]$/],
    ],
    [
      'a map where a list belongs',
      wrap('    expect: { status: ok }\n'),
      [/expect: .* got a map; entries of a list begin with -$/],
    ],
    [
      'a list where a map belongs',
      wrap('    expect: [{ tools: [add] }]\n'),
      [/tools: expected a map of keys and values \(mode, args, calls\), got a list$/],
    ],
    ['a share that is none', wrap('    pass: 80%\n'), [/pass: expected all, or a share such as 4\/5, got "80%"$/]],
    [
      'a profile that is none',
      wrap('    as: client-credentials\n'),
      [/as: expected a login profile .*, got "client-credentials"$/],
    ],
    ['a tag', wrap('    description: !env HOME\n'), [/Unresolved tag: !env/]],
    [
      'a text with a colon',
      'version: 1\ntasks:\n  - id: a\n    prompt: Say: x\n',
      [/needs quotes, and keys of one map begin in the same column$/],
    ],
    ['nesting without end', wrap(`    expect: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`), [/nested/]],
    [
      'a key that would be dropped without a word',
      wrap('    expect: [{ tools: { calls: [{ name: x, args: { __proto__: { a: 1 } } }] } }]\n'),
      [/^tasks\.yaml:5:\d+ the key "__proto__" cannot be used$/],
    ],
    ['another version', 'version: 2\ntasks: [{ id: a, prompt: x }]\n', [/version: expected version 1, got 2/]],
    ['no tasks', 'version: 1\ntasks: []\n', [/tasks: expected at least one task/]],
    ['an empty file', '', [/^tasks\.yaml:1:1 the file is empty; it should have version: 1 and tasks:$/]],
    ['only comments', '# nothing\n', [/^tasks\.yaml:1:1 the file has only comments/]],
    [
      'a list instead of a map',
      '- a\n- b\n',
      [
        /^tasks\.yaml:1:1 expected a map of keys and values \(\$schema, version, defaults, servers, judge, tasks\), got a list$/,
      ],
    ],
    ['YAML that is none', 'version: 1\ntasks: [\n', [/^tasks\.yaml:\d+:\d+ /]],
    ['a tab as indentation', 'version: 1\ntasks:\n\t- id: a\n', [/^tasks\.yaml:3:1 /]],
    ['an alias without its anchor', 'version: 1\ntasks: *nothing\n', [/alias/i]],
  ];
  for (const [what, text, expected] of faults)
    test(`${what} is a fault with its place`, () => {
      const found = faultsOf(text);
      for (const pattern of expected)
        assert.ok(
          found.some((fault) => pattern.test(fault)),
          found.join('\n'),
        );
    });

  test('of one place one fault is told: what it is, not what else is made of it', () => {
    for (const [text, expected] of [
      [
        wrap('    timeout: -5s\n'),
        /^tasks\.yaml:5:14 .*timeout: expected a duration such as 500ms, 60s or 5m, got "-5s"$/,
      ],
      [
        'version: 1\ntasks:\n  - id: a\n     prompt: x\n',
        /^tasks\.yaml:3:9 .*keys of one map begin in the same column$/,
      ],
      [wrap('---\n'), /^tasks\.yaml:5:1 a second document begins; take the --- away, or make it a file of its own$/],
      ['version: 1\ntasks: []\n', /^tasks\.yaml:2:8 tasks: expected at least one task, got an empty list$/],
      [wrap('    expect: [{ answer: { matches: 5 } }]\n'), /matches: expected a text, got 5/],
    ] as const) {
      const found = faultsOf(text);
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0] ?? '', expected);
    }
    const { faults } = load(' \n', { name: 'tasks.jsonl' });
    assert.deepEqual(faults.map(describeFault), [
      'tasks.jsonl:1:1 the file is empty; it should have one task on each line',
    ]);
  });

  test('a model that is none is a fault where it stands, be it of a task, a matrix, the defaults or the judge', () => {
    const modelFault = (name: string) => (name.startsWith('no') ? `unknown ${name}` : undefined);
    const text = `version: 1
judge: no-judge:x
defaults: { model: no-default:x }
tasks:
  - { id: a, prompt: x, model: no-task:x }
  - { id: b, prompt: x, matrix: { model: [demo, "no-matrix:x"] } }
`;
    assert.deepEqual(faultsOf(text, { modelFault }), [
      'tasks.yaml:2:8 unknown no-judge:x',
      'tasks.yaml:3:20 unknown no-default:x',
      'tasks.yaml:5:32 unknown no-task:x',
      'tasks.yaml:6:49 unknown no-matrix:x',
    ]);
    assert.deepEqual(faultsOf(text, { modelFault, model: 'demo' }), ['tasks.yaml:2:8 unknown no-judge:x']);
    assert.deepEqual(faultsOf(text, { modelFault, model: 'demo', judge: 'demo' }), [], 'what is replaced is not used');
  });

  test('a file that is not UTF-8 is a fault, and is not run with other letters than it has', () => {
    for (const [name, encoding, place] of [
      ['latin1.yaml', 'latin1', '3:22'],
      ['utf16.yaml', 'utf16le', '1:1'],
    ] as const) {
      const text = `${encoding === 'utf16le' ? '\uFEFF' : ''}version: 1\ntasks:\n  - {id: a, prompt: hé}\n`;
      writeFileSync(join(directory, name), Buffer.from(text, encoding));
      const { faults, tasks } = loadSuite([name], { directory });
      assert.deepEqual(tasks, []);
      assert.deepEqual(faults.map(describeFault), [`${name}:${place} is not UTF-8; save it as UTF-8`]);
    }
    for (const text of [
      '\uFEFFversion: 1\ntasks: [{id: a, prompt: "\uFFFD é"}]\n',
      'version: 1\r\ntasks: [{id: a, prompt: x}]\r\n',
    ])
      assert.deepEqual(faultsOf(text), []);
  });

  test('all faults of all files come in one report', () => {
    write('a.yaml', wrap('    promt: x\n    colour: red\n'));
    write('b.jsonl', '{"id":"x","prompt":"y"}\n{"id":"x",\n{"id":"z","prompt":"y","tag":[]}\n');
    const { faults } = loadSuite(['a.yaml', 'b.jsonl', 'c.yaml', '.'], { directory });
    const report = reportFaults(faults);
    assert.match(
      report,
      /^There are 6 faults in the task files:\n {2}a\.yaml:5:5 .*\n {2}a\.yaml:6:5 .*\n {2}b\.jsonl:2:\d+ expected one JSON object.*\n {2}b\.jsonl:3:\d+ unknown key "tag"; did you mean "tags".*\n {2}c\.yaml cannot be read \(there is no such file\)\n/,
    );
    assert.match(report, /EISDIR/);
  });

  test('an id that another file has is a duplicate', () => {
    write('a.yaml', wrap(''));
    write('b.yaml', wrap(''));
    const { faults } = loadSuite(['a.yaml', 'b.yaml'], { directory });
    assert.deepEqual(faults.map(describeFault), ['b.yaml:3:9 duplicate id "one"; it is taken at a.yaml:3']);
  });

  test('the same file named twice is read once', () => {
    write('a.yaml', wrap(''));
    assert.equal(loadSuite(['a.yaml', './a.yaml'], { directory }).tasks.length, 1);
  });

  test('an unknown server is a fault, with the likely slip', () => {
    assert.deepEqual(faultsOf(wrap('    servers: [notse]\n'), { servers: ['notes', 'local'] }), [
      'tasks.yaml:5:15 unknown server "notse"; did you mean "notes"?',
    ]);
  });

  test('the server of the defaults is looked at too', () => {
    const text = 'version: 1\ndefaults: { servers: [nowhere] }\ntasks: [{ id: a, prompt: x }]\n';
    assert.match(faultsOf(text, { servers: ['local'] }).join(), /unknown server "nowhere"; known: local/);
  });

  test('a YAML bomb is a fault, not a machine without memory', () => {
    const levels = 'abcdefghij'.split('');
    const bomb = levels
      .map(
        (name, index) =>
          `${name}: &${name} [${Array(10)
            .fill(index === 0 ? '"x"' : `*${levels[index - 1]}`)
            .join(', ')}]`,
      )
      .join('\n');
    assert.match(faultsOf(`${bomb}\nversion: 1\ntasks: *j\n`).join(), /too many aliases/);
  });

  test('nesting without end is a fault, not a stack trace', () => {
    assert.ok(faultsOf(`version: 1\ntasks: ${'['.repeat(100_000)}`).length > 0);
    assert.ok(
      faultsOf(
        wrap(
          `    expect: [{ tools: { calls: [{ name: a, args: { x: ${'{a: '.repeat(3_000)}1${'}'.repeat(3_000)} } }] } }]\n`,
        ),
      ).length > 0,
    );
    const line = `{"id":"a","prompt":"b","expect":[{"tools":{"calls":[{"name":"a","args":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}]}}]}`;
    assert.ok(faultsOf(line, { name: 'deep.jsonl' }).length > 0);
  });

  test('10 000 tasks are read', () => {
    const lines = Array.from(
      { length: 10_000 },
      (_, n) => `  - { id: t-${n}, prompt: "What is ${n} + 1?", expect: [{ answer: { contains: "${n + 1}" } }] }`,
    );
    const { tasks, faults } = load(`version: 1\ntasks:\n${lines.join('\n')}\n`);
    assert.deepEqual(faults, []);
    assert.equal(tasks.length, 10_000);
    assert.equal(tasks[9_999]?.line, 10_002);
  });

  test('a file that is larger than any suite is not read', () => {
    assert.match(faultsOf(`# ${'x'.repeat(33 * 1024 * 1024)}`).join(), /bytes; at most \d+ are read/);
  });

  test('the published JSON Schema is the one that files are checked with', () => {
    const published: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '../tasks.schema.json'), 'utf8'));
    assert.deepEqual(
      published,
      JSON.parse(JSON.stringify(toJsonSchema())),
      'write it anew with: npm run -s agent -- tasks schema > agent/tasks/tasks.schema.json',
    );
  });
});
