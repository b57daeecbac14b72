// The torrents that every other suite uses come from the harness, not from createTorrent: here the two are held together.
import { parseTorrent } from '@torrential/metainfo'
import { createTorrent } from '@torrential/storage'
import { toHex } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import { comparePayload, Ground, makeTorrent, payloadFiles, payloadLength, writePayload } from '../src/index.ts'
import { open, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { manyFiles, payloads, singleFile, smallPieces } from './payloads.ts'

describe('makeTorrent', () => {
  test.each(payloads)('agrees with our parser on %s', (_what, payload) => {
    const { bytes, infoHash, pieceCount } = makeTorrent(payload)
    const metainfo = parseTorrent(bytes)
    expect(toHex(metainfo.infoHash)).toBe(infoHash)
    expect(metainfo.geometry.pieceCount).toBe(pieceCount)
    expect(metainfo.geometry.pieceLength).toBe(payload.pieceLength)
    expect(metainfo.length).toBe(payloadLength(payload))
    expect(metainfo.files.map(({ length }) => length)).toEqual(payloadFiles(payload).map(({ length }) => length))
  })

  test('agrees with createTorrent on the infohash of the same file', async () => {
    await using ground = await Ground.create()
    const folder = await ground.folder('payload')
    await writePayload(singleFile, folder)
    const created = createTorrent(join(folder, singleFile.name), { version: 'v1', pieceLength: singleFile.pieceLength })
    expect(toHex(parseTorrent(await created.result).infoHash)).toBe(makeTorrent(singleFile).infoHash)
  })

  test('is the same every time', () => {
    expect(makeTorrent(manyFiles)).toEqual(makeTorrent(manyFiles))
  })
})

describe('comparePayload', () => {
  test('accepts what writePayload wrote', async () => {
    await using ground = await Ground.create()
    const folder = await ground.folder('payload')
    await writePayload(manyFiles, folder)
    await expect(comparePayload(manyFiles, folder)).resolves.toBeUndefined()
  })

  test('finds one wrong byte', async () => {
    await using ground = await Ground.create()
    const folder = await ground.folder('payload')
    await writePayload(smallPieces, folder)
    await using file = await open(join(folder, smallPieces.name), 'r+')
    const byte = Buffer.alloc(1)
    await file.read(byte, 0, 1, 5_000_000)
    await file.write(Buffer.from([byte.readUInt8() ^ 1]), 0, 1, 5_000_000)
    await expect(comparePayload(smallPieces, folder)).rejects.toThrow('differs between 4194304 and 5242880')
  })

  test('finds a file that is too long, one that is missing and one too many', async () => {
    await using ground = await Ground.create()
    const folder = await ground.folder('payload')
    await writePayload(manyFiles, folder)
    await writeFile(join(folder, manyFiles.name, 'one byte'), 'two')
    await expect(comparePayload(manyFiles, folder)).rejects.toThrow('3 bytes instead of 1')
    await writePayload(manyFiles, folder)
    await rm(join(folder, manyFiles.name, 'z empty at the end'))
    await expect(comparePayload(manyFiles, folder)).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(comparePayload(manyFiles, folder, { lenient: true })).resolves.toBeUndefined()
    await writePayload(manyFiles, folder)
    await writeFile(join(folder, manyFiles.name, 'surplus'), '')
    await expect(comparePayload(manyFiles, folder)).rejects.toThrow('not part of the torrent')
  })
})
