import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { StateLock } from '../../src/state/state-lock.ts'
import { BenchFolder } from '../bench-folder.ts'

/** The number of a process that has ended. */
async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  return child.pid as number
}

describe('the lock of a state folder', () => {
  test('lets one session in, and the next when that is closed', async () => {
    await using bench = await BenchFolder.create()
    const state = bench.copy('state')
    const first = await bench.session({ state })
    await expect(bench.session({ state })).rejects.toMatchObject({
      code: 'STATE_LOCKED',
      data: { path: join(state, 'lock'), pid: process.pid },
    })
    await first.close()
    const second = await bench.session({ state })
    await second.close()
    expect(await readdir(state)).toEqual([])
  })

  test.each([
    ['a process that is gone', async () => ({ pid: await endedProcess() })],
    ['another boot', async () => ({ boot: 'before' })],
    ['a process whose number has another one by now', async () => ({ started: '1' })],
    ['nobody that one can tell', async () => ({ pid: 'x' })],
  ])('of %s is taken over', async (_, change) => {
    await using bench = await BenchFolder.create()
    const lock = await StateLock.acquire(bench.path, 'one')
    const path = join(bench.path, 'lock')
    const left = JSON.parse(await readFile(path, 'utf8')) as object
    await writeFile(path, JSON.stringify({ ...left, ...(await change()) }))
    const taken = await StateLock.acquire(bench.path, 'two')
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid, session: 'two' })
    // Whose lock was taken does not remove the new one.
    await lock?.[Symbol.asyncDispose]()
    await expect(StateLock.acquire(bench.path, 'three')).rejects.toMatchObject({ code: 'STATE_LOCKED' })
    await taken?.[Symbol.asyncDispose]()
    expect((await readdir(bench.path)).filter((name) => name.startsWith('lock'))).toEqual([])
  })

  test('is let through by one of many that want it at once', async () => {
    await using bench = await BenchFolder.create()
    await writeFile(join(bench.path, 'lock'), JSON.stringify({ pid: await endedProcess(), boot: '', started: '' }))
    const all = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => StateLock.acquire(bench.path, `session ${index}`)),
    )
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('that cannot be written is none: such a folder cannot be written by anybody', async () => {
    await using bench = await BenchFolder.create()
    await writeFile(bench.copy('file'), '')
    expect(await StateLock.acquire(bench.copy('file'), 'one')).toBeUndefined()
  })
})
