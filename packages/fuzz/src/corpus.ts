// Inputs that were kept: one line of hexadecimal digits each in `corpus/SURFACE.hex`, those that once found something among them.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'

function pathOf(surface: string): URL {
  return new URL(`../corpus/${surface}.hex`, import.meta.url)
}

export function readCorpus(surface: string): Uint8Array[] {
  const path = pathOf(surface)
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.filter((line) => /^[0-9a-f]+$/.test(line)).map((line) => new Uint8Array(Buffer.from(line, 'hex')))
}

export function writeCorpus(surface: string, inputs: readonly Uint8Array[]): void {
  const lines = inputs.filter(({ length }) => length > 0).map((input) => Buffer.from(input).toString('hex'))
  if (lines.length > 0) writeFileSync(pathOf(surface), `${lines.join('\n')}\n`)
}
