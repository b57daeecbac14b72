// A .torrent for a payload, made from its content as it is generated.
//
// Deliberately not `createTorrent` of @torrential/metainfo: a torrent that our own code had no part in is what other programs'
// users bring, and a fault that creating and checking share would cancel out. A test holds the two against each other.
import { createHash } from 'node:crypto'
import { encode, raw } from '@torrential/bencode'
import { payloadContent, type Payload, payloadFiles } from './payload.ts'

/** A torrent as bytes. */
export interface MadeTorrent {
  /** The whole file; no tracker is named in it. */
  readonly bytes: Uint8Array
  /** 40 hexadecimal digits. */
  readonly infoHash: string
  readonly pieceCount: number
}

/** Makes the version 1 torrent (BEP 3) of a payload. */
export function makeTorrent(payload: Payload): MadeTorrent {
  const hashes = pieceHashes(payload)
  const info = encode({
    ...(payload.files === undefined ? { length: payload.length ?? 0 } : { files: fileList(payload) }),
    name: payload.name,
    'piece length': payload.pieceLength,
    pieces: Buffer.concat(hashes),
  })
  return {
    bytes: encode({ info: raw(info) }),
    infoHash: createHash('sha1').update(info).digest('hex'),
    pieceCount: hashes.length,
  }
}

function fileList(payload: Payload): { length: number; path: string[] }[] {
  return (payload.files ?? []).map(({ path, length }) => ({ length, path: path.split('/') }))
}

function pieceHashes(payload: Payload): Buffer[] {
  const hashes: Buffer[] = []
  let hash = createHash('sha1')
  let filled = 0
  for (const [index, file] of payloadFiles(payload).entries()) {
    for (const bytes of payloadContent(payload, index, file.length)) {
      for (let offset = 0; offset < bytes.length; ) {
        const taken = Math.min(bytes.length - offset, payload.pieceLength - filled)
        hash.update(bytes.subarray(offset, offset + taken))
        offset += taken
        filled += taken
        if (filled < payload.pieceLength) continue
        hashes.push(hash.digest())
        hash = createHash('sha1')
        filled = 0
      }
    }
  }
  if (filled > 0) hashes.push(hash.digest())
  return hashes
}
