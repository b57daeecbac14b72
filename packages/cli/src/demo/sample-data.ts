// The data of the demo: a folder like those that people share, with one large file, some of a few megabytes, many small ones, an
// empty one and names beyond ASCII. Contents are a key stream, so that every run makes the same bytes, and no two pieces are equal.

import { createCipheriv } from 'node:crypto'
import { mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { AbortOptions } from '@torrential/primitives'

/** Name of the folder, and so of the torrent. */
export const SAMPLE_NAME = 'Torrential demo'

/** Below this the small files alone would not fit. */
export const SMALLEST_SAMPLE = 4 * 1024 * 1024

/** A file to be made. */
export interface SampleFile {
  /** Below the sample's folder, with `/`. */
  readonly path: string
  readonly length: number
}

const run = 1024 * 1024
const smallFiles = 40

/** The files that add up to exactly `size` bytes, at least `SMALLEST_SAMPLE`. */
export function sampleFiles(size: number): SampleFile[] {
  const files: SampleFile[] = [
    { path: 'notes/empty.txt', length: 0 },
    { path: 'notes/grüße – 挨拶.txt', length: 777 },
  ]
  for (let i = 1; i <= smallFiles; i++) {
    files.push({ path: `photos/${String(i).padStart(4, '0')}.bin`, length: (i * 7919) % 65_536 })
  }
  for (let i = 1; i <= 4; i++) files.push({ path: `music/track ${i}.bin`, length: Math.floor(size / 16) + i })
  const used = files.reduce((sum, file) => sum + file.length, 0)
  return [{ path: 'film.bin', length: size - used }, ...files]
}

/** Writes the files below `folder`. */
export async function writeSample(folder: string, files: readonly SampleFile[], options?: AbortOptions): Promise<void> {
  const zeros = Buffer.alloc(run)
  for (const [index, { path, length }] of files.entries()) {
    const target = join(folder, path)
    await mkdir(dirname(target), { recursive: true })
    const key = Buffer.alloc(16)
    key.writeUInt32BE(index)
    const stream = createCipheriv('aes-128-ctr', key, Buffer.alloc(16))
    await using file = await open(target, 'w')
    for (let at = 0; at < length; at += run) {
      options?.signal?.throwIfAborted()
      await file.write(stream.update(zeros.subarray(0, Math.min(run, length - at))))
    }
  }
}
