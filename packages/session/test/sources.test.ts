import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { loadSource } from '@torrential/session'
import { BenchFolder } from './bench-folder.ts'

describe('what can be added', () => {
  test('a path, a file URL, bytes and a parsed torrent', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 50_000 })
    const [, seed] = await bench.seed('one.bin')
    const file = join(bench.path, 'one.torrent')
    await writeFile(file, seed.torrentFile)
    for (const source of [file, pathToFileURL(file), pathToFileURL(file).href, seed.torrentFile, seed.metainfo]) {
      const session = await bench.session()
      const torrent = await session.add(source, { path: bench.copy(), start: false })
      expect(torrent.infoHash).toBe(seed.infoHash)
    }
  })

  test('an http URL, up to the size of the largest torrent', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 50_000 })
    const [, seed] = await bench.seed('one.bin')
    const server = createServer((request, response) => {
      if (request.url === '/good') response.end(seed.torrentFile)
      else if (request.url === '/huge') response.end(Buffer.alloc(10_000_001))
      else response.writeHead(404).end()
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      const session = await bench.session()
      await expect(session.add(`${base}/huge`)).rejects.toMatchObject({ code: 'SOURCE_TOO_LARGE' })
      await expect(session.add(`${base}/gone`)).rejects.toMatchObject({ code: 'SOURCE_FETCH' })
      const torrent = await session.add(`${base}/good`, { path: bench.copy(), start: false })
      expect(torrent.name).toBe('one.bin')
    } finally {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    }
  })

  test('a magnet link, whose metadata comes from peers; a malformed one is refused', async () => {
    await using bench = await BenchFolder.create()
    const session = await bench.session()
    const magnet = 'magnet:?xt=urn:btih:0123456789012345678901234567890123456789'
    const torrent = await session.add(magnet, { path: bench.copy() })
    expect(torrent.status).toBe('metadata')
    expect(torrent.infoHash).toBe('0123456789012345678901234567890123456789')
    await expect(session.add(magnet)).rejects.toMatchObject({ code: 'TORRENT_DUPLICATE' })
    await expect(loadSource(magnet)).rejects.toMatchObject({ code: 'SOURCE_MAGNET' })
    await expect(session.add('magnet:?xt=urn:btih:zz')).rejects.toMatchObject({
      code: expect.stringMatching(/^MAGNET_/) as unknown,
    })
    expect(session.torrents).toEqual([torrent])
  })

  test('what is missing, malformed or here already is refused with a code, and nothing else happens', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 50_000 })
    const [, seed] = await bench.seed('one.bin')
    const session = await bench.session()
    await expect(session.add(join(bench.path, 'none.torrent'))).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' })
    await expect(session.add(bench.path)).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' })
    await expect(session.add(new Uint8Array([1, 2, 3]))).rejects.toMatchObject({
      code: expect.stringMatching(/^BENCODE_/) as unknown,
    })
    const torrent = await session.add(seed.torrentFile, { path: bench.copy() })
    const error: unknown = await session.add(seed.torrentFile).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'TORRENT_DUPLICATE' })
    expect((error as { data: { torrent: unknown } }).data.torrent).toBe(torrent)
    await expect(session.add(seed.torrentFile, { maxDown: -1 })).rejects.toMatchObject({ code: 'TORRENT_DUPLICATE' })
    expect(session.torrents).toEqual([torrent])
  })

  test('options that are wrong are refused before anything is added', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 50_000 })
    const [, seed] = await bench.seed('one.bin')
    const session = await bench.session()
    const path = bench.copy()
    for (const [options, code] of [
      [{ peers: ['10.0.0.1:1', 'nonsense'] }, 'ADDRESS_FORMAT'],
      [{ peers: [{ host: 'example.org', port: 1, family: 4 }] }, 'ADDRESS_HOST'],
      [{ peers: ['10.0.0.1:70000'] }, 'ADDRESS_PORT'],
      [{ maxDown: 0 }, 'OPTION_RANGE'],
      [{ maxUp: Number.NaN }, 'OPTION_RANGE'],
      [{ maxConnections: -1 }, 'OPTION_RANGE'],
    ] as const) {
      await expect(session.add(seed.torrentFile, { path, ...options })).rejects.toMatchObject({ code })
    }
    expect(session.torrents).toEqual([])
    expect(() => seed.addPeer('nonsense')).toThrow(
      expect.objectContaining({ name: 'InputError', code: 'ADDRESS_FORMAT' }) as unknown as Error,
    )
  })

  test('a seed finds its files under names that other systems could not have, and others make names that they can', async () => {
    await using bench = await BenchFolder.create()
    const origin = await bench.write({ 'odd: tree/a:b?.bin': 50_000, 'odd: tree/con': 100, 'odd: tree/A.txt': 'A' })
    const [seeder, seed] = await bench.seed('odd: tree')
    expect(seed.isComplete).toBe(true)
    expect(seed.files.map(({ path }) => path)).toEqual(['odd: tree/A.txt', 'odd: tree/a:b?.bin', 'odd: tree/con'])
    const leecher = await bench.session()
    const peers = [bench.addressOf(seeder)]
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers })
    await leech.done
    for (const { path } of leech.files) expect(path).not.toMatch(/[:?]/)
    const again = await bench.session()
    const same = await again.add(seed.torrentFile, { path: origin, paths: 'posix' })
    await same.done
    expect(same.downloaded).toBe(0)
  })

  test('adding can be aborted, and a closed session takes nothing', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 50_000 })
    const [, seed] = await bench.seed('one.bin')
    const session = await bench.session()
    const signal = AbortSignal.abort(new Error('never mind'))
    await expect(session.add(seed.torrentFile, { signal })).rejects.toThrow('never mind')
    await session.close()
    await expect(session.add(seed.torrentFile)).rejects.toMatchObject({ code: 'SESSION_CLOSED' })
  })
})
