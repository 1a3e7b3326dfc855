// Arithmetic on two numbers. `add` is the tool that the permission `read:add` guards; the others need a valid token only.

import * as z from 'zod';
import type { Scope } from '../auth/scopes.ts';
import { defineTool, type RegisterTool, ToolError } from './tool.ts';

interface Operation {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly scopes: readonly Scope[];
  readonly first: string;
  readonly second: string;
  readonly compute: (a: number, b: number) => number;
}

const OPERATIONS: readonly Operation[] = [
  {
    name: 'add',
    title: 'Add',
    description: 'Adds two numbers: a + b, a plus b, their sum.',
    scopes: ['read:add'],
    first: 'The first summand',
    second: 'The second summand',
    compute: (a, b) => a + b,
  },
  {
    name: 'subtract',
    title: 'Subtract',
    description: 'Subtracts b from a: a - b, a minus b, their difference.',
    scopes: [],
    first: 'The number to subtract from',
    second: 'The number to subtract',
    compute: (a, b) => a - b,
  },
  {
    name: 'multiply',
    title: 'Multiply',
    description: 'Multiplies two numbers: a * b, also written a × b, a times b, their product.',
    scopes: [],
    first: 'The first factor',
    second: 'The second factor',
    compute: (a, b) => a * b,
  },
  {
    name: 'divide',
    title: 'Divide',
    description: 'Divides a by b: a / b, also written a ÷ b, their quotient.',
    scopes: [],
    first: 'The dividend',
    second: 'The divisor; not zero',
    compute: (a, b) => {
      if (b === 0) throw new ToolError('Division by zero: b must not be 0.');
      return a / b;
    },
  },
];

export const arithmeticTools: readonly RegisterTool[] = OPERATIONS.map((operation) =>
  defineTool({
    name: operation.name,
    title: operation.title,
    description: operation.description,
    scopes: operation.scopes,
    annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    inputSchema: z.object({
      a: z.number().describe(operation.first),
      b: z.number().describe(operation.second),
    }),
    outputSchema: z.object({ result: z.number() }),
    run: ({ a, b }) => {
      const result = operation.compute(a, b);
      // JSON has no Infinity; it would arrive as null.
      if (!Number.isFinite(result)) throw new ToolError('The result is too large for a floating-point number.');
      return { result };
    },
    text: ({ result }) => String(result),
  }),
);
