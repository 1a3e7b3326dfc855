// `node scripts/request-schema.ts DOCUMENT ROOT SOURCE LICENCE`: takes the schema of one request out of a vendor's API
// document (YAML or JSON; OpenAPI, Google discovery, or a JSON Schema whose root is the request) and prints the file that
// test/models/schemas/ keeps.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { reduceSchema, schemasOf } from './request-schema/reduce.ts';

function main([file, root, source, licence]: readonly string[]): number {
  if (file === undefined || root === undefined || source === undefined || licence === undefined) {
    process.stderr.write('usage: node scripts/request-schema.ts DOCUMENT ROOT SOURCE LICENCE\n');
    return 2;
  }
  const text = readFileSync(file, 'utf8');
  const document = parse(text, { maxAliasCount: -1 });
  const { $ref, $defs } = reduceSchema(schemasOf(document, root), root);
  const sha256 = createHash('sha256').update(text).digest('hex');
  const head = { $comment: { source, sha256, licence, changes: 'reduced by scripts/request-schema.ts' }, $ref };
  const lines = Object.entries($defs).map(([name, schema]) => `    ${JSON.stringify(name)}: ${JSON.stringify(schema)}`);
  const start = JSON.stringify(
    {
      ...head,
      $comment: Object.entries(head.$comment)
        .map((pair) => pair.join(': '))
        .join('; '),
    },
    null,
    2,
  );
  process.stdout.write(`${start.slice(0, -2)},\n  "$defs": {\n${lines.join(',\n')}\n  }\n}\n`);
  return 0;
}

process.exitCode = main(process.argv.slice(2));
