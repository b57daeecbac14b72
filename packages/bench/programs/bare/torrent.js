// A .torrent as the bare programs need it, believed without a question.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** Dictionaries become objects, strings buffers. */
export function readTorrent(path) {
  const bytes = readFileSync(path)
  let at = 0
  let info = [0, 0]
  const number = (end) => {
    let value = 0
    for (; bytes[at] !== end; at++) value = 10 * value + bytes[at] - 48
    at++
    return value
  }
  const value = (depth) => {
    const kind = bytes[at]
    if (kind === 100) {
      const dictionary = {}
      for (at++; bytes[at] !== 101; ) {
        const key = value(depth + 1).latin1Slice()
        const start = at
        dictionary[key] = value(depth + 1)
        if (depth === 0 && key === 'info') info = [start, at]
      }
      at++
      return dictionary
    }
    if (kind === 108) {
      const list = []
      for (at++; bytes[at] !== 101; ) list.push(value(depth + 1))
      at++
      return list
    }
    if (kind === 105) {
      at++
      return number(101)
    }
    const length = number(58)
    at += length
    return bytes.subarray(at - length, at)
  }
  const torrent = value(0)
  return {
    ...torrent,
    infoHash: createHash('sha1')
      .update(bytes.subarray(...info))
      .digest(),
  }
}

/** The files of a v1 torrent: relative paths, and where each starts, with the end of the last one. */
export function filesOf({ info }) {
  const paths = []
  const starts = [0]
  const name = info.name.toString()
  for (const { path, length } of info.files ?? [{ path: [], length: info.length }]) {
    paths.push([name, ...path.map(String)].join('/'))
    starts.push(starts.at(-1) + length)
  }
  return { paths, starts, length: starts.at(-1) }
}

/** Protocol, reserved bytes, infohash and an id (BEP 3). */
export function handshake(infoHash, id) {
  return Buffer.concat([Buffer.from('\x13BitTorrent protocol\0\0\0\0\0\0\0\0', 'latin1'), infoHash, Buffer.from(id)])
}

/** Calls `message(id, payload)` for each whole one of a connection, `greeted()` once before; keeps what is cut off. */
export function messages(greeted, message) {
  let held = Buffer.alloc(0)
  let isGreeted = false
  return (bytes) => {
    const all = held.length === 0 ? bytes : Buffer.concat([held, bytes])
    let at = 0
    if (!isGreeted) {
      if (all.length < 68) {
        held = Buffer.from(all)
        return
      }
      isGreeted = true
      at = 68
      greeted()
    }
    while (all.length - at >= 4) {
      const end = at + 4 + all.readUInt32BE(at)
      if (all.length < end) break
      if (end > at + 4) message(all[at + 4], all.subarray(at + 5, end))
      at = end
    }
    held = Buffer.from(all.subarray(at))
  }
}
