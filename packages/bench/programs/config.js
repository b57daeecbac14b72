// What every program here begins and ends with: one JSON line on stdin that says what to do, JSON lines on stdout.
import { createInterface } from 'node:readline'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

/** The first line of standard input. */
export async function readConfig() {
  return JSON.parse((await lines.next()).value)
}

export async function stdinEnds() {
  while (!(await lines.next()).done);
}

export const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)
