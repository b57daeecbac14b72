// Whole reads and writes over a handle, looped until every byte has moved: the system may move fewer than asked for.

import { StorageError } from '@torrential/primitives'
import type { OpenFile } from './file-system.ts'

/** What one vectored call takes on every system (IOV_MAX). */
const MAX_VECTOR = 1_024

/**
 * Fills `into` from `position`.
 * @throws StorageError `SHORT_READ` when the file ends before
 */
export async function readFully(file: OpenFile, into: Uint8Array, position: number, path: string): Promise<void> {
  let at = 0
  while (at < into.length) {
    const count = await file.read(into, at, into.length - at, position + at)
    if (count === 0) {
      throw new StorageError('SHORT_READ', `the file ends before byte ${position + into.length}: ${path}`, {
        path,
        position,
        length: into.length,
        got: at,
      })
    }
    at += count
  }
}

/**
 * Fills `parts`, in order, from `position`.
 * @throws StorageError `SHORT_READ` when the file ends before
 */
export async function readPartsFully(
  file: OpenFile,
  parts: readonly Uint8Array[],
  position: number,
  path: string,
): Promise<void> {
  const isOneCall = file.readParts !== undefined && parts.length > 1 && parts.length <= MAX_VECTOR
  let got = isOneCall ? ((await file.readParts?.(parts, position)) ?? 0) : 0
  let at = position
  for (const part of parts) {
    // One by one what was not read at once, for which there is hardly ever a reason.
    if (got < part.length) await readFully(file, part.subarray(got), at + got, path)
    got = Math.max(0, got - part.length)
    at += part.length
  }
}

/**
 * Writes all of `blocks` from `position` on; `blocks` itself is left as it is.
 * @throws StorageError `SHORT_WRITE` when the system takes nothing and gives no error
 */
export async function writeFully(
  file: OpenFile,
  blocks: readonly Uint8Array[],
  position: number,
  path: string,
): Promise<void> {
  let rest = blocks
  let at = position
  while (rest.length > 0) {
    const batch = rest.length > MAX_VECTOR ? rest.slice(0, MAX_VECTOR) : rest
    const count = await file.write(batch, at)
    if (count === 0 && lengthOf(batch) > 0) {
      throw new StorageError('SHORT_WRITE', `the system takes no more bytes: ${path}`, { path, position: at })
    }
    at += count
    rest = count === lengthOf(batch) ? rest.slice(batch.length) : dropFront(rest, count)
  }
}

/** Bytes in all blocks. */
export function lengthOf(blocks: readonly Uint8Array[]): number {
  let length = 0
  for (const block of blocks) length += block.length
  return length
}

/** Hands out `blocks` in runs of any length, as views, in order, each byte once. */
export class BlockCursor {
  readonly #blocks: readonly Uint8Array[]
  #index = 0
  #used = 0

  constructor(blocks: readonly Uint8Array[]) {
    this.#blocks = blocks
  }

  /** The next `length` bytes. The caller knows that there are as many. */
  take(length: number): Uint8Array[] {
    const views: Uint8Array[] = []
    let missing = length
    while (missing > 0) {
      const block = this.#blocks[this.#index] as Uint8Array
      const count = Math.min(missing, block.length - this.#used)
      if (count > 0) views.push(count === block.length ? block : block.subarray(this.#used, this.#used + count))
      missing -= count
      this.#used += count
      if (this.#used < block.length) continue
      this.#index++
      this.#used = 0
    }
    return views
  }
}

function dropFront(blocks: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  const cursor = new BlockCursor(blocks)
  cursor.take(count)
  return cursor.take(lengthOf(blocks) - count)
}
