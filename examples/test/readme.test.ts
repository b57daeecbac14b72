// The program of the README, copied into an empty folder and run there against a swarm of one.

import { expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createSession } from '@torrential/session'
import { createTrackerServer } from '@torrential/tracker/server'

const root = fileURLToPath(new URL('../..', import.meta.url))

test('the program of the README works when it is copied', async () => {
  const readme = await readFile(join(root, 'README.md'), 'utf8')
  const program = /```js\n(import [\s\S]+?)```/.exec(readme)?.[1] ?? ''
  expect(program.trim().split('\n').length).toBeLessThanOrEqual(10)

  const folder = await mkdtemp(join(tmpdir(), 'torrential-readme-'))
  await using tracker = await createTrackerServer({ host: '127.0.0.1', port: 0 })
  await using session = await createSession({ host: '127.0.0.1', port: 0 })
  await writeFile(join(folder, 'data.bin'), Buffer.alloc(400_000, 'some data'))
  const seed = await session.seed(join(folder, 'data.bin'), {
    trackers: [tracker.urls.slice(0, 1)],
    pieceLength: 65_536,
  })
  await seed.ready
  await mkdir(join(folder, 'copied'))
  await symlink(join(root, 'examples', 'node_modules'), join(folder, 'copied', 'node_modules'), 'junction')
  await writeFile(join(folder, 'copied', 'program.mjs'), program)
  await writeFile(join(folder, 'copied', 'some.torrent'), seed.torrentFile)

  const run = promisify(execFile)
  const { stdout, stderr } = await run(process.execPath, ['program.mjs', 'some.torrent'], {
    cwd: join(folder, 'copied'),
  })
  expect(stderr).toBe('')
  expect(stdout).toContain('7 of 7 pieces\n')
  expect(stdout).toContain('data.bin is complete\n')
  const copy = await readFile(join(folder, 'copied', 'downloads', 'data.bin'))
  expect(copy.equals(await readFile(join(folder, 'data.bin')))).toBe(true)
  await rm(folder, { recursive: true })
}, 60_000)
