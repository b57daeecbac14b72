// Streams as they come over a connection or lie in a file, whole: what is read of them must not depend on how they are cut. Each is
// a list of hexadecimal lines in `corpus/streams`, joined.

import { readdirSync, readFileSync } from 'node:fs'

export interface Recording {
  readonly name: string
  readonly bytes: Uint8Array
}

const FOLDER = new URL('../corpus/streams/', import.meta.url)

export function readRecordings(): Recording[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.hex'))
  return names.sort().map((name) => {
    const digits = readFileSync(new URL(name, FOLDER), 'utf8').replaceAll(/\s/g, '')
    return { name: name.slice(0, -4), bytes: new Uint8Array(Buffer.from(digits, 'hex')) }
  })
}
