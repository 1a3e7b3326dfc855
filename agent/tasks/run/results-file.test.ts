import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { promisify } from 'node:util';
import type { AgentError } from '../../errors.ts';
import { fakeResult, fakeRun } from '../fake-task.ts';
import { openResults, RESULTS_FILE, readResults } from './results-file.ts';
import { newestRun, takeDirectory, writeTranscript } from './run-directory.ts';

const GO_ON = { isNew: false };
const ADVICE = 'Choose another directory with --out.';
const NEW = { isNew: true };

/** Runs a program for which the disk is full behind so many blocks of 512 bytes of a file; returns what it prints. */
async function whereFilesHaveAtMost(blocks: number, program: string): Promise<string> {
  const limited = ['-c', `ulimit -f ${blocks}; exec "$@"`, 'sh', process.execPath];
  return (await promisify(execFile)('sh', [...limited, '--input-type=module', '-e', program])).stdout;
}

describe('results on the disk', () => {
  let root: string;
  let directory: string;
  let count = 0;
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'results-'));
  });
  beforeEach(async () => {
    count += 1;
    directory = join(root, String(count));
    const release = await takeDirectory(directory, GO_ON);
    await release();
  });
  after(() => rmSync(root, { recursive: true, force: true }));
  const file = () => join(directory, RESULTS_FILE);
  const ids = async () => (await readResults(directory)).results.map(({ task, attempt }) => `${task}#${attempt}`);

  test('a disk that is full ends the run in words, and nothing is written behind a part of a line', async () => {
    // What is written there never fits; only Linux has it.
    symlinkSync('/dev/full', file());
    const results = await openResults(directory);
    const append = () =>
      results.append(fakeResult('lost')).then(
        () => assert.fail(),
        (reason: AgentError) => reason,
      );
    const fault = await append();
    assert.equal(fault.code, 'internal');
    assert.match(
      fault.message,
      /^results\.jsonl in .* cannot be written: the disk is full\. .* Go on when there is room: --resume /,
    );
    assert.equal(await append(), fault, 'not tried again');
    await results.close();
  });

  test('what append has promised is there, one line each, however many come at once', async () => {
    const results = await openResults(directory);
    await Promise.all(Array.from({ length: 200 }, (_, n) => results.append(fakeResult(`t-${n}`))));
    assert.equal(readFileSync(file(), 'utf8').trimEnd().split('\n').length, 200);
    await results.append(fakeResult('last'));
    assert.equal((await ids()).length, 201);
    await results.close();
  });

  for (const cut of [1, 2, 40])
    test(`a last line without its last ${cut} bytes swallows no later one`, async () => {
      const first = await openResults(directory);
      await first.append(fakeResult('whole'));
      await first.append(fakeResult('torn'));
      await first.close();
      truncateSync(file(), readFileSync(file()).length - cut);
      const second = await openResults(directory);
      await second.append(fakeResult('next'));
      await second.close();
      const { results, torn } = await readResults(directory);
      // Without its line feed alone, a line is still whole.
      assert.deepEqual(
        results.map(({ task }) => task),
        cut === 1 ? ['whole', 'torn', 'next'] : ['whole', 'next'],
      );
      assert.equal(torn, cut === 1 ? 0 : 1);
    });

  test('of an attempt the last line counts', async () => {
    const results = await openResults(directory);
    await results.append(fakeResult('a', 1, { outcome: 'error' }));
    await results.append(fakeResult('b'));
    await results.append(fakeResult('a', 1, { outcome: 'passed' }));
    await results.close();
    const read = await readResults(directory);
    assert.deepEqual(
      read.results.map(({ task, outcome }) => [task, outcome]),
      [
        ['b', 'passed'],
        ['a', 'passed'],
      ],
    );
  });

  test('lines that are no results are left out and counted', async () => {
    appendFileSync(file(), `${JSON.stringify(fakeResult('a'))}\n{"version":2}\nnonsense\n"text"\n\n`);
    assert.deepEqual(await ids(), ['a#1']);
    assert.equal((await readResults(directory)).torn, 3);
  });

  test('a directory without results is none of a run', async () => {
    await assert.rejects(readResults(join(root, 'nowhere')), { code: 'usage' });
    await assert.rejects(newestRun(join(root, 'nowhere')), { code: 'usage' });
  });

  test('a new run does not mix with another', async () => {
    const spaced = `${directory} it's`;
    const release = await takeDirectory(spaced, NEW);
    await release();
    writeFileSync(join(spaced, RESULTS_FILE), '');
    await assert.rejects(takeDirectory(spaced, NEW), (error: AgentError) => {
      assert.equal(error.code, 'usage');
      assert.ok(error.message.includes(`--resume '${directory} it'\\''s',`), error.message);
      return true;
    });
    assert.ok(!existsSync(join(spaced, 'run.lock')), 'and leaves it free');
  });

  test('of two runs that begin in the same directory, one is refused, be the other going on or over', async () => {
    const release = await takeDirectory(directory, NEW);
    writeFileSync(join(directory, 'run.lock'), '1');
    writeFileSync(file(), '');
    await assert.rejects(takeDirectory(directory, NEW), { code: 'usage', message: /going on in process 1/ });
    await release();
    await assert.rejects(takeDirectory(directory, NEW), { code: 'usage', message: /has the results of a run/ });
  });

  test('a place that cannot be written to is a fault of the flag, and says why', async () => {
    writeFileSync(join(directory, 'a-file'), '');
    for (const [place, reason] of [
      ['a-file', /there is a file where a directory should be/],
      ['a-file/below', /there is a file where a directory should be/],
      ['x'.repeat(300), /ENAMETOOLONG/],
    ] as const)
      await assert.rejects(takeDirectory(join(directory, place), NEW), { code: 'usage', message: reason });
  });

  test('a directory that cannot be taken is a fault of the flag in its own words, and stays free', async () => {
    const take = () => takeDirectory(directory, NEW);
    const place = 'The results of a run cannot be written to';
    const url = JSON.stringify(new URL('./run-directory.ts', import.meta.url).href);
    const full = await whereFilesHaveAtMost(
      0,
      `import { takeDirectory } from ${url};
      await takeDirectory(${JSON.stringify(directory)}, { isNew: true }).catch(({ code, message }) => console.log(code, message));`,
    );
    assert.equal(full, `usage ${place} ${directory}: a file may not get so large there. ${ADVICE}\n`);
    mkdirSync(join(directory, 'run.lock'));
    await assert.rejects(take(), { code: 'usage', message: /there is a directory of that name/ });
    rmSync(join(directory, 'run.lock'), { recursive: true });
    // The short lock, whose own words are about logins.
    mkdirSync(join(directory, 'run.lock.taking'));
    await assert.rejects(take(), {
      code: 'usage',
      message: `${place} ${directory}: there is a directory of that name. ${ADVICE}`,
    });
    rmSync(join(directory, 'run.lock.taking'), { recursive: true });
    await (await take())();
  });

  test('results that cannot be opened, or not be gone on with behind a torn line, end the run in words', async () => {
    mkdirSync(file());
    await assert.rejects(openResults(directory), {
      code: 'internal',
      message: /^results\.jsonl in .* cannot be written: there is a directory of that name\. /,
    });
    rmSync(file(), { recursive: true });
    // A file that may have 512 bytes has them, and no line break: what `ulimit -f` counts.
    writeFileSync(file(), '{'.repeat(512));
    const url = JSON.stringify(new URL('./results-file.ts', import.meta.url).href);
    const stdout = await whereFilesHaveAtMost(
      1,
      `import { openResults } from ${url};
      await openResults(${JSON.stringify(directory)}).catch(({ code, message }) => console.log(code, message));`,
    );
    assert.match(
      stdout,
      /^internal results\.jsonl in .* cannot be written: a file may not get so large there\. .*--resume/,
    );
  });

  test('only one process writes to a directory at a time, and a dead one does not keep it', async () => {
    writeFileSync(join(directory, 'run.lock'), '1');
    await assert.rejects(takeDirectory(directory, GO_ON), { code: 'usage', message: /going on in process 1/ });
    // No system gives out a process id like this one.
    writeFileSync(join(directory, 'run.lock'), '999999999');
    const release = await takeDirectory(directory, GO_ON);
    assert.equal(readFileSync(join(directory, 'run.lock'), 'utf8'), String(process.pid));
    await release();
  });

  test('transcripts have names of their own for each attempt, whatever the id, and no secrets', async () => {
    const scrub = (text: string) => text.replaceAll('hunter2', '[secret]');
    const run = fakeRun({ messages: [{ role: 'user', content: 'hunter2' }] });
    assert.equal(await writeTranscript(directory, run, scrub), 'transcripts/one.jsonl');
    assert.equal(await writeTranscript(directory, { ...run, attempt: 2 }, scrub), 'transcripts/one.2.jsonl');
    const odd = await writeTranscript(directory, { ...run, taskId: 'a@openai:x/../y' }, scrub);
    assert.match(odd, /^transcripts\/[^/]+\.jsonl$/);
    assert.equal(readFileSync(join(directory, odd), 'utf8'), '{"role":"user","content":"[secret]"}\n');
    const long = 'x'.repeat(300);
    const ids = [
      'a@ollama:m:1',
      'a@ollama:M:1',
      'a@ollama:m_1',
      'a@ollama:m.1',
      'a@ollama:ü',
      `a@${long}1`,
      `a@${long}2`,
    ];
    const names = new Set<string>();
    for (const taskId of ids) names.add((await writeTranscript(directory, { ...run, taskId }, scrub)).toLowerCase());
    assert.equal(names.size, ids.length, 'also where a file system takes upper case for lower case');
    for (const name of names) assert.ok(name.length < 230);
  });
});
