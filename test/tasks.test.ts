// `agent tasks` as people and CI run it: the local servers, the demo model, and no key. A process of its own where the process
// is the point: its exit, its signals, what it prints when nothing could run; else the command in this one.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { parse as readJunit } from 'junit2json';
import { parse as parseYaml } from 'yaml';
import { tasksCompare } from '../agent/commands/tasks-compare.ts';
import type { Environment } from '../agent/config.ts';
import { finish, runAgent, startAgentProcess } from './support/agent-process.ts';
import { assertJunit } from './support/junit-schema.ts';
import { startTestServer, type TestServer } from './support/mcp-server.ts';
import { readAttempts, runSuiteHere, writeSums } from './support/task-suite.ts';
import { machineToken } from './support/tokens.ts';

const root = join(import.meta.dirname, '..');
const examples = join(root, 'examples/tasks');

describe('scripted tasks', () => {
  let server: TestServer;
  let directory: string;
  let count = 0;
  before(async () => {
    server = await startTestServer();
    directory = mkdtempSync(join(tmpdir(), 'tasks-'));
  });
  after(async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const newOut = () => {
    count += 1;
    return join(directory, `run-${count}`);
  };
  const withOut = (args: readonly string[], out: string) => [
    ...args,
    ...(args.includes('--resume') ? [] : ['--out', out]),
  ];
  const environmentWith = (environment: Environment) => ({ ...server.environment, CI: 'true', ...environment });
  const run = async (args: readonly string[], environment: Environment = {}) => {
    const out = newOut();
    const stateHome = join(directory, `state-${count}`);
    const finished = await runSuiteHere(
      withOut(args, out),
      environmentWith({ XDG_STATE_HOME: stateHome, ...environment }),
    );
    return { ...finished, out, lastLine: finished.stdout.trimEnd().split('\n').at(-1) };
  };
  const runProcess = async (args: readonly string[], environment: Environment = {}) => {
    const out = newOut();
    const finished = await runAgent(['tasks', ...withOut(args, out)], environmentWith(environment));
    return { ...finished, out, lastLine: finished.stdout.trimEnd().split('\n').at(-1) };
  };

  test('a newcomer’s first suites pass without a key', async () => {
    const files = ['arithmetic.yaml', 'notebook.yaml', 'approval.yaml', 'step-up.yaml', 'many.jsonl'];
    const { exitCode, lastLine, stdout, stderr } = await runProcess(files.map((file) => join(examples, file)));
    assert.equal(lastLine, '16 passed, 0 failed, 0 skipped', `${stdout}\n${stderr}`);
    assert.equal(exitCode, 0);
  });

  test('every example is run by a test', () => {
    assert.deepEqual(readdirSync(examples).toSorted(), [
      'approval.yaml',
      'arithmetic.yaml',
      'checks',
      'failing.yaml',
      'many.jsonl',
      'narrow-token.yaml',
      'notebook.yaml',
      'step-up.yaml',
    ]);
  });

  test('the example that fails teaches: what was expected, what happened, what came nearest', async () => {
    const { exitCode, lastLine, stdout } = await run([join(examples, 'failing.yaml')]);
    assert.equal(lastLine, '0 passed, 5 failed, 1 skipped');
    assert.equal(exitCode, 1);
    assert.match(
      stdout,
      /expected {6}add \{"a":2,"b":41\}\n {6}nearest {7}add \{"a":2,"b":40\}\n {20}args\.b: expected 41, came 40/,
    );
    assert.match(stdout, /expected the number 2\.4 ± 0\.05, the nearest one is 2\.5/);
    assert.match(stdout, /status: expected ok, came blocked/);
    assert.match(stdout, /- no-judge/);
  });

  test('a token that is too narrow is what a task can expect', async () => {
    const token = await machineToken(server, 'read:notes');
    const { exitCode, stdout, stderr } = await run([join(examples, 'narrow-token.yaml')], { MCP_BEARER_TOKEN: token });
    assert.equal(exitCode, 0, `${stdout}\n${stderr}`);
    assert.match(stdout, /1 passed, 0 failed, 0 skipped\n$/);
  });

  test('a missing scope that the task does not expect is an error, and the exit code says authorization', async () => {
    const file = join(directory, 'scope.yaml');
    writeFileSync(
      file,
      'version: 1\ndefaults: { model: demo }\ntasks: [{ id: a, prompt: create a note titled "x", approve: [create_note] }]\n',
    );
    const token = await machineToken(server, 'read:notes');
    const { exitCode, lastLine } = await run([file], { MCP_BEARER_TOKEN: token });
    assert.deepEqual([exitCode, lastLine], [3, '0 passed, 1 failed, 0 skipped']);
  });

  test('the run leaves all of its reports, and each says the same', async () => {
    const summaryFile = join(directory, 'step-summary.md');
    const { out } = await run([join(examples, 'arithmetic.yaml'), join(examples, 'failing.yaml'), '-j', '8'], {
      GITHUB_STEP_SUMMARY: summaryFile,
      GITHUB_ACTIONS: 'true',
    });
    assert.deepEqual(readdirSync(out).toSorted(), [
      'junit.xml',
      'report.html',
      'report.json',
      'results.jsonl',
      'summary.md',
      'transcripts',
    ]);
    const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'));
    assert.deepEqual(report.totals, { passed: 6, failed: 5, errors: 0, skipped: 1 });
    const junit = readFileSync(join(out, 'junit.xml'), 'utf8');
    assertJunit(junit);
    const read = await readJunit(junit);
    const suites = read && 'testsuite' in read && Array.isArray(read.testsuite) ? read.testsuite : [];
    assert.deepEqual(
      suites.map(({ tests, failures, errors, skipped }) => [tests, failures, errors, skipped]),
      [
        [6, 0, 0, 0],
        [6, 5, 0, 1],
      ],
    );
    assert.match(readFileSync(summaryFile, 'utf8'), /^## Tasks: 6 passed, 5 failed, 1 skipped\n/);
    assert.equal(readFileSync(join(out, 'summary.md'), 'utf8'), readFileSync(summaryFile, 'utf8').slice(0, -1));
    assert.equal(readAttempts(out).length, 16);
    const conversation = readFileSync(join(out, 'transcripts/conversation.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).role);
    assert.deepEqual(conversation, [
      'user',
      'assistant',
      'tool',
      'assistant',
      'user',
      'assistant',
      'tool',
      'assistant',
    ]);
    assert.match(readFileSync(join(out, 'report.html'), 'utf8'), /<title>5 of 11 tasks failed<\/title>/);
  });

  test('secrets stand in no file that a run leaves', async () => {
    const file = join(directory, 'secret.yaml');
    const secret = 'correct-horse-battery-staple';
    writeFileSync(
      file,
      `version: 1\ndefaults: { model: demo, approve: ["*"] }\ntasks: [{ id: a, prompt: 'create a note titled "${secret}"', expect: [{ answer: { contains: nothing } }] }]\n`,
    );
    const { out, stdout } = await run([file], { OPENAI_API_KEY: secret });
    assert.match(stdout, /\[secret\]/);
    for (const name of globSync('**/*', { cwd: out, withFileTypes: true }).filter((entry) => entry.isFile()))
      assert.ok(!readFileSync(join(name.parentPath, name.name), 'utf8').includes(secret), name.name);
    assert.ok(!stdout.includes(secret));
  });

  test('a faulty file ends the run before anything starts, with every fault and exit code 2', async () => {
    const file = join(directory, 'faulty.yaml');
    writeFileSync(file, 'version: 1\ntasks:\n  - id: a\n    promt: x\n  - { id: a, prompt: y, servers: [nowhere] }\n');
    const { exitCode, stdout, stderr, out } = await runProcess([file, join(directory, 'nothing.yaml')]);
    assert.equal(exitCode, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /^There are 2 faults in the task files:\n/);
    assert.match(stderr, /faulty\.yaml:4:5 .*did you mean "prompt"\?\n/);
    assert.match(stderr, /nothing\.yaml cannot be read/);
    assert.doesNotMatch(stderr, /\n\s+at /, 'no stack trace');
    assert.ok(!existsSync(out));
  });

  test('a model of a provider that there is not is a fault with its place', async () => {
    const file = join(directory, 'provider.yaml');
    writeFileSync(file, 'version: 1\ntasks:\n  - { id: a, prompt: x, matrix: { model: [demo, "opnai:gpt-5"] } }\n');
    const { exitCode, stderr } = await run([file]);
    assert.equal(exitCode, 2);
    assert.match(stderr, /provider\.yaml:3:49 Unknown provider "opnai" in a task file\. Did you mean openai\?/);
  });

  test('a model is refused for what is set elsewhere only where it is used', async () => {
    const file = join(directory, 'unused.yaml');
    const write = (judge: string, model: string) =>
      writeFileSync(
        file,
        `version: 1\njudge: ${judge}\ntasks:\n  - { id: a, prompt: What is 2 + 2?, matrix: { model: [${model}, demo] } }\n`,
      );
    const environment = { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1', LLM_MODEL: 'demo' };
    write('demo', 'azure');
    assert.equal((await run([file, '--model', 'demo'], environment)).exitCode, 0, 'the matrix is replaced');
    assert.equal((await run([file, '--grep', '@demo'], environment)).exitCode, 0, 'the task is not selected');
    const used = await run([file], environment);
    assert.equal(used.exitCode, 2);
    assert.match(
      used.stderr,
      /azure has no model that .* \(chosen by model: in a task file\)\. Write model: azure:NAME/,
    );
    write('openai', 'demo');
    assert.equal((await run([file, '--judge', 'demo'], environment)).exitCode, 0, 'the judge is replaced');
    const judged = await run([file], environment);
    assert.equal(judged.exitCode, 2);
    assert.match(
      judged.stderr,
      /^OPENAI_BASE_URL is set, but no model is named\. Write judge: openai:NAME with .* or judge: demo /,
    );
    write('opnai:x', 'opnai:x');
    assert.equal((await run([file, '--judge', 'demo', '--model', 'demo'])).exitCode, 0, 'neither is read');
    const flag = await run([file, '--judge', 'opnai:x', '--model', 'demo']);
    assert.match(flag.stderr, /^Unknown provider "opnai" in --judge\./);
  });

  test('a check module that cannot be used is a fault of the file', async () => {
    const file = join(directory, 'check.yaml');
    writeFileSync(join(directory, 'named.ts'), 'export const check = () => true;\n');
    writeFileSync(join(directory, 'broken.ts'), 'export default () => {;\n');
    writeFileSync(
      file,
      'version: 1\ndefaults: { model: demo }\ntasks:\n  - { id: a, prompt: x, check: ./named.ts }\n  - { id: b, prompt: x, check: ./broken.ts }\n',
    );
    const { exitCode, stderr } = await run([file]);
    assert.equal(exitCode, 2);
    assert.match(stderr, /named\.ts": expected a default export that is a function/);
    assert.match(stderr, /broken\.ts": the module cannot be loaded/);
  });

  test('a place that nothing can be written to is exit code 2 with a reason, before anything runs', async () => {
    const taken = join(directory, 'taken');
    writeFileSync(taken, '');
    const file = join(examples, 'many.jsonl');
    for (const [flags, reason] of [
      [['--out', taken], /cannot be written to .*taken: there is a file .* Choose another directory with --out\.\n$/],
      [['--out', join(taken, 'below')], /there is a file where a directory should be/],
      [['--record', taken, '--out', newOut()], /--record: ".*taken" is no directory/],
      [['--replay', taken, '--out', newOut()], /--replay: there is no directory ".*taken"/],
    ] as const) {
      const { exitCode, stdout, stderr } = await runAgent(['tasks', file, ...flags], environmentWith({}));
      assert.equal(exitCode, 2, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, reason);
      assert.doesNotMatch(stderr, /\n\s+at /, 'no stack trace');
    }
  });

  test('a summary that cannot be added to the page of the CI run changes nothing about the run', async () => {
    const summary = join(directory, 'no/such/summary');
    const { exitCode, lastLine, stderr } = await run([join(examples, 'many.jsonl')], { GITHUB_STEP_SUMMARY: summary });
    assert.equal(exitCode, 0);
    assert.equal(lastLine, '3 passed, 0 failed, 0 skipped');
    assert.match(stderr, /The summary could not be added to .*no\/such\/summary \(ENOENT\)/);
  });

  test('a report that does not fit on the disk changes neither totals nor exit code', async () => {
    const out = newOut();
    mkdirSync(join(out, 'report.html'), { recursive: true });
    const args = [join(examples, 'failing.yaml'), '--grep', '^wrong', '--out', out];
    const { exitCode, stdout, stderr } = await runSuiteHere(args, environmentWith({}));
    assert.equal(exitCode, 1, stderr);
    assert.match(stdout, /\n0 passed, 3 failed, 0 skipped\n$/);
    assert.doesNotMatch(stdout, /report in/);
    assert.match(stderr, /report\.html in .* cannot be written: there is a directory of that name\./);
    assert.deepEqual(
      readdirSync(out).filter((name) => /\.(new|lock)/.test(name)),
      [],
    );
  });

  test('results that cannot be opened leave the directory free', async () => {
    const out = newOut();
    mkdirSync(out);
    symlinkSync(join(directory, 'no/such/file'), join(out, 'results.jsonl'));
    const refused = await runSuiteHere([join(examples, 'many.jsonl'), '--out', out], environmentWith({}));
    assert.equal(refused.exitCode, 1, refused.stderr);
    assert.match(refused.stderr, /results\.jsonl in .* cannot be written: ENOENT\./);
    assert.ok(!existsSync(join(out, 'run.lock')));
  });

  test('in CI no model is made up: exit code 2 unless the file or a flag says demo', async () => {
    const file = join(directory, 'no-model.yaml');
    writeFileSync(file, 'version: 1\ntasks: [{ id: a, prompt: What is 2 + 2? }]\n');
    const refused = await runProcess([file]);
    assert.equal(refused.exitCode, 2);
    assert.match(refused.stderr, /No model is configured, and in CI none is made up/);
    assert.equal((await run([file, '--model', 'demo'])).exitCode, 0);
  });

  test('a server that is down is an error apart from failures, and the exit code says so', async () => {
    const { exitCode, stdout } = await run([join(examples, 'many.jsonl'), '--retry-errors', '1'], { PORT: '9' });
    assert.equal(exitCode, 4);
    assert.match(stdout, /is tried again/);
    assert.match(stdout, /\nERROR {2}3 tasks: The MCP server at .*\n {7}sum-1 .*many\.jsonl:1\n/);
    assert.equal(stdout.match(/the same error again/g)?.length, 2);
    assert.match(stdout, /3 errors among the failed: they could not be tried, or not be judged\n/);
    assert.match(stdout, /0 passed, 3 failed, 0 skipped\n$/);
  });

  test('a task that acts as somebody else than the configuration can be is refused before anything runs', async () => {
    const file = join(directory, 'as.yaml');
    writeFileSync(
      file,
      'version: 1\ndefaults: { model: demo }\ntasks:\n  - { id: a, prompt: What is 2 + 2?, as: { machine: ci-bot } }\n',
    );
    const { exitCode, stderr } = await run([file]);
    assert.equal(exitCode, 2);
    assert.match(stderr, /acts as the machine client "ci-bot", but the configuration has the client "local-agent"/);
    writeFileSync(
      file,
      'version: 1\ndefaults: { model: demo, as: { machine: local-agent } }\ntasks:\n  - { id: a, prompt: What is 2 + 2? }\n',
    );
    assert.equal((await run([file])).exitCode, 0);
  });

  test('only what is selected runs', async () => {
    const file = join(examples, 'arithmetic.yaml');
    const selected = await run([file, '--grep', '^(add|steady)$', '--repeat', '2', '--shard', '2/2']);
    assert.equal(selected.lastLine, '1 passed, 0 failed, 0 skipped');
    assert.match(selected.stdout, /steady 2\/2/);
    const none = await run([file, '--grep', 'nothing']);
    assert.equal(none.exitCode, 2);
    assert.match(none.stderr, /No task of 6 fits .* The first ids are add, .*; tags are smoke\./);
  });

  test('--resume runs what is missing or changed, and reports on all', async () => {
    const file = join(directory, 'resumed.yaml');
    const write = (second: string) =>
      writeFileSync(
        file,
        `version: 1\ndefaults: { model: demo }\ntasks:\n  - { id: first, prompt: What is 1 + 1?, expect: [{ answer: { contains: "2" } }] }\n  - { id: second, prompt: What is 2 + 2?, expect: [{ answer: { contains: "${second}" } }] }\n`,
      );
    write('5');
    const { out, exitCode } = await run([file]);
    assert.equal(exitCode, 1);
    write('4');
    const mended = await run([file, '--resume', out]);
    assert.match(mended.stdout, /✓ first \(as before\)/);
    assert.match(mended.stdout, /✓ second \(\d+ ms\)/);
    assert.deepEqual([mended.exitCode, mended.lastLine], [0, '2 passed, 0 failed, 0 skipped']);
    const refused = await runSuiteHere([file, '--out', out], environmentWith({}));
    assert.equal(refused.exitCode, 2);
    assert.match(refused.stderr, /has the results of a run\. Go on with it: --resume/);
  });

  test('--only-failed runs what did not pass before', async () => {
    const files = [join(examples, 'arithmetic.yaml'), join(examples, 'failing.yaml')];
    const { out } = await run(files);
    const again = await run([...files, '--resume', out, '--only-failed']);
    assert.equal(again.lastLine, '0 passed, 5 failed, 1 skipped');
    assert.doesNotMatch(again.stdout, /two-at-once/);
  });

  test('what was recorded is replayed with neither model nor server', async () => {
    const cassette = join(directory, 'cassette');
    const recorded = await run([join(examples, 'notebook.yaml'), '--record', cassette]);
    assert.equal(recorded.exitCode, 0, recorded.stderr);
    const replayed = await run([join(examples, 'notebook.yaml'), '--replay', cassette], { PORT: '9' });
    assert.equal(replayed.lastLine, '2 passed, 0 failed, 0 skipped', replayed.stdout);
    const nowhere = await run([join(examples, 'notebook.yaml'), '--replay', join(directory, 'nowhere')]);
    assert.equal(nowhere.exitCode, 2);
    assert.match(nowhere.stderr, /--replay: there is no directory/);
  });

  test('the first interrupt lets runs finish, the exit code is 130, and --resume does the rest', async () => {
    const file = join(directory, 'interrupted.yaml');
    writeSums(file, 60);
    const out = newOut();
    const child = startAgentProcess(['tasks', file, '--out', out, '-j', '2'], { ...server.environment, CI: 'true' });
    const finished = finish(child);
    if (child.stdout) await once(child.stdout, 'data');
    child.kill('SIGINT');
    const { exitCode, stdout, stderr } = await finished;
    assert.equal(exitCode, 130, stdout + stderr);
    assert.match(stderr, /Finishing what runs; once more to stop at once\./);
    assert.match(stdout, /ended by an interrupt; go on with --resume /);
    const done = readAttempts(out).length;
    assert.ok(done > 0 && done < 60, String(done));
    assert.match(stdout, new RegExp(`\n${done} passed, 0 failed, ${60 - done} skipped\n$`));
    const rest = await run([file, '--resume', out]);
    assert.equal(rest.lastLine, '60 passed, 0 failed, 0 skipped');
    assert.equal(new Set(readAttempts(out).map(({ key }) => key)).size, 60);
    assert.equal(readAttempts(out).length, 60);
  });

  test('a run that takes too long ends with 124 and says what is missing', async () => {
    const file = join(directory, 'slow.yaml');
    writeSums(file, 2_000);
    const { exitCode, stdout } = await run([file, '--timeout', '1s', '-j', '2']);
    assert.equal(exitCode, 124);
    assert.match(stdout, /ended by the timeout; go on with --resume/);
  });

  test('two runs are compared', async () => {
    const [first, second] = [
      await run([join(examples, 'failing.yaml'), '--grep', 'wrong']),
      await run([join(examples, 'failing.yaml'), '--grep', 'wrong']),
    ];
    const { stdout, exitCode } = await runAgent(['tasks', 'compare', first.out, second.out], server.environment);
    assert.equal(exitCode, 0);
    let written = '';
    const compare = (after: string) =>
      tasksCompare({
        before: first.out,
        after,
        json: true,
        stdout: (text) => {
          written += text;
        },
      });
    await compare(second.out);
    assert.match(stdout, /No task passed more or less often than before\.\n/);
    assert.match(stdout, /passed {4}0\/3 → 0\/3/);
    assert.equal(JSON.parse(written).tasks.length, 3);
    await assert.rejects(compare(join(directory, 'nowhere')), { code: 'usage' });
  });

  test('the published JSON Schema takes every example', () => {
    const validate = new Ajv({ strict: false }).compile(
      JSON.parse(readFileSync(join(root, 'agent/tasks/tasks.schema.json'), 'utf8')),
    );
    for (const file of globSync('*.yaml', { cwd: examples })) {
      const text = readFileSync(join(examples, file), 'utf8');
      assert.ok(validate(parseYaml(text)), `${file}: ${JSON.stringify(validate.errors)}`);
      assert.match(text, /^# yaml-language-server: \$schema=\.\.\/\.\.\/agent\/tasks\/tasks\.schema\.json\n/);
    }
  });
});
