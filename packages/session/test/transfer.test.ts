import { mkdtemp, readFile, rm, writeFile, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { SeededRandom } from '@torrential/primitives'
import { createSession } from '@torrential/session'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'session-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const random = new SeededRandom(7)

async function makeTree(): Promise<string> {
  const root = join(folder, 'origin', 'tree')
  await mkdir(join(root, 'deep'), { recursive: true })
  await writeFile(join(root, 'a.bin'), random.bytes(300_000))
  await writeFile(join(root, 'deep', 'b.bin'), random.bytes(70_001))
  await writeFile(join(root, 'empty.txt'), '')
  await writeFile(join(root, 'c.txt'), 'hello torrent')
  return root
}

describe('two sessions over TCP', () => {
  test('a torrent goes from a seed to a leech, byte for byte', async () => {
    const root = await makeTree()
    await using seeder = await createSession({ port: 0, host: '127.0.0.1' })
    const seed = await seeder.seed(root, { pieceLength: 16_384 })
    await seed.done
    await using leecher = await createSession({ port: 0, host: '127.0.0.1' })
    const leech = await leecher.add(seed.torrentFile, {
      path: join(folder, 'copy'),
      peers: [`127.0.0.1:${seeder.port}`],
    })
    await leech.done
    for (const file of seed.files) {
      expect(await readFile(join(folder, 'copy', file.path))).toEqual(await readFile(join(folder, 'origin', file.path)))
    }
  })
})
