// A file of the state folder from its first byte to its last.

import type { OpenFile } from '@torrential/storage'

/** Undefined when it is longer than `limit` bytes. Rejects when it ends before its size. */
export async function readWhole(file: OpenFile, limit: number): Promise<Uint8Array | undefined> {
  const { size } = await file.stat()
  if (size > limit) return undefined
  const bytes = new Uint8Array(size)
  for (let at = 0; at < size; ) {
    const count = await file.read(bytes, at, size - at, at)
    if (count === 0) throw new Error('the file ends before its size')
    at += count
  }
  return bytes
}

/** All of `bytes`, from `position` on. */
export async function writeWhole(file: OpenFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const count = await file.write([bytes.subarray(at)], position + at)
    if (count === 0) throw new Error('the system takes no more bytes')
    at += count
  }
}
