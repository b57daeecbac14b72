// A journal stays open from line to line, and every line is where it belongs, whatever happened to the file or to its handle in between.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { VirtualClock } from '@torrential/primitives'
import { type FileAccess, type FileSystem, HandlePool, nodeFileSystem } from '@torrential/storage'
import { AppendedFiles } from '../../src/state/appended-files.ts'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'appended-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

/** What is appended, and every file that was opened for it. */
function scene(capacity = 10, torn: { once: boolean } = { once: false }) {
  const opened: FileAccess[] = []
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    async open(path, access) {
      opened.push(access)
      const file = await nodeFileSystem.open(path, access)
      const write = file.write.bind(file)
      return Object.assign(file, {
        async write(parts: readonly Uint8Array[], position: number) {
          if (!torn.once) return write(parts, position)
          torn.once = false
          await write([Buffer.from('torn')], position)
          throw Object.assign(new Error('planned'), { code: 'EIO' })
        },
      })
    },
  }
  const clock = new VirtualClock()
  const handles = new HandlePool({ handles: capacity, fileSystem, clock })
  const files = new AppendedFiles(handles)
  const append = (name: string, text: string) => files.append(join(folder, name), Buffer.from(text), false)
  return { files, handles, clock, opened, append }
}

const textOf = async (name: string) => (await readFile(join(folder, name))).toString()

test('many lines cost one opening', async () => {
  const { append, handles, opened } = scene()
  for (let line = 0; line < 100; line++) await append('a', `${line},`)
  expect(opened).toEqual(['make'])
  await handles.close()
  expect(await textOf('a')).toBe(Array.from({ length: 100 }, (_, line) => `${line},`).join(''))
})

test('what is in the file already stays, and a handle that others needed is opened again', async () => {
  await writeFile(join(folder, 'a'), 'before,')
  const { append, handles } = scene(1)
  for (const line of ['1,', '2,', '3,']) {
    await append('a', line)
    await append('b', line)
  }
  await handles.close()
  expect([await textOf('a'), await textOf('b')]).toEqual(['before,1,2,3,', '1,2,3,'])
})

test('after a failure the next line goes to the end of what is there', async () => {
  const torn = { once: false }
  const { append, handles } = scene(10, torn)
  await append('a', '1,')
  torn.once = true
  await expect(append('a', '2,')).rejects.toMatchObject({ code: 'EIO' })
  await append('a', '3,')
  await handles.close()
  expect(await textOf('a')).toBe('1,torn3,')
})

test('a file that was left is closed, and one that was removed by somebody is made anew within a second', async () => {
  const { append, clock, files, handles } = scene()
  await append('a', '1,')
  await files.leave(join(folder, 'a'))
  expect(handles.open).toBe(0)
  await rm(join(folder, 'a'))
  await append('a', '2,')
  expect(await textOf('a')).toBe('2,')
  await rm(join(folder, 'a'))
  clock.advance(1_000)
  await append('a', '3,')
  expect(await textOf('a')).toBe('3,')
  await handles.close()
})

test('a missing folder and a directory in the place of the file are told by their codes', async () => {
  const { files, append, handles } = scene()
  await expect(files.append(join(folder, 'none', 'a'), Buffer.from('1'), false)).rejects.toMatchObject({
    code: 'FILE_MISSING',
  })
  await rm(join(folder, 'd'), { force: true })
  await nodeFileSystem.makeDirectory(join(folder, 'd'))
  await expect(append('d', '1')).rejects.toMatchObject({ code: 'FILE_KIND' })
  await handles.close()
  await expect(append('a', '1')).rejects.toMatchObject({ code: 'STORAGE_CLOSED' })
})
