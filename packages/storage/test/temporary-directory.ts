// A directory per test, removed afterwards.

import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from '@jest/globals'

const made: string[] = []

afterEach(async () => {
  for (const path of made.splice(0)) await rm(path, { recursive: true, force: true })
})

export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'torrential-storage-'))
  made.push(path)
  return path
}

/** Everything below a directory, relative, sorted. */
export async function listing(path: string): Promise<string[]> {
  return (await readdir(path, { recursive: true })).sort()
}
