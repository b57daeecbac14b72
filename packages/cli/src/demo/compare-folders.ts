// Are two folders the same, byte for byte? Reads both sides; hashes, pieces and everything else that the download itself relied
// on play no part here.

import { open, readdir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { AbortOptions } from '@torrential/primitives'

export interface Comparison {
  /** Bytes read of each side. */
  readonly bytes: number
  /** One sentence per difference, none when the folders are the same. */
  readonly differences: readonly string[]
}

const run = 1024 * 1024

/** Compares every file below `copy` with the one of the same path below `original`, and the lists of files. */
export async function compareFolders(original: string, copy: string, options?: AbortOptions): Promise<Comparison> {
  const [expected, found] = await Promise.all([listFiles(original), listFiles(copy)])
  const differences: string[] = []
  for (const path of found) if (!expected.includes(path)) differences.push(`${path} is not in the original`)
  let bytes = 0
  for (const path of expected) {
    if (!found.includes(path)) differences.push(`${path} is missing`)
    else {
      const result = await compareFiles(join(original, path), join(copy, path), options)
      bytes += result.bytes
      if (result.difference !== undefined) differences.push(`${path} ${result.difference}`)
    }
  }
  return { bytes, differences }
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
}

async function compareFiles(
  a: string,
  b: string,
  options: AbortOptions | undefined,
): Promise<{ readonly bytes: number; readonly difference?: string }> {
  const [sizeA, sizeB] = await Promise.all([a, b].map(async (path) => (await stat(path)).size))
  if (sizeA !== sizeB) return { bytes: 0, difference: `has ${sizeB} bytes instead of ${sizeA}` }
  await using left = await open(a, 'r')
  await using right = await open(b, 'r')
  const bufferA = Buffer.allocUnsafe(run)
  const bufferB = Buffer.allocUnsafe(run)
  let at = 0
  for (;;) {
    options?.signal?.throwIfAborted()
    const [{ bytesRead }] = await Promise.all([left.read(bufferA, 0, run, at), right.read(bufferB, 0, run, at)])
    if (bytesRead === 0) return { bytes: at }
    if (!bufferA.subarray(0, bytesRead).equals(bufferB.subarray(0, bytesRead))) {
      return { bytes: at, difference: `differs somewhere in bytes ${at} to ${at + bytesRead}` }
    }
    at += bytesRead
  }
}
