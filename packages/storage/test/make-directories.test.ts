import { expect, jest, test } from '@jest/globals'
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MakeDirectory, makeDirectories } from '../src/make-directories.ts'

const fail = (code: string) => Promise.reject(Object.assign(new Error(code), { code }))

test('makes everything that is missing on the way, and is content with what is there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'make-directories-'))
  const deep = join(folder, 'a', 'b', 'c')
  await makeDirectories(deep)
  await makeDirectories(deep)
  expect((await stat(deep)).isDirectory()).toBe(true)
  await writeFile(join(folder, 'file'), '')
  await expect(makeDirectories(join(folder, 'file', 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' })
  await rm(folder, { recursive: true })
})

test('two at once do not disturb each other', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'make-directories-'))
  await Promise.all(Array.from({ length: 8 }, () => makeDirectories(join(folder, 'x', 'y', 'z'))))
  expect((await stat(join(folder, 'x', 'y', 'z'))).isDirectory()).toBe(true)
  await rm(folder, { recursive: true })
})

test('tries again when somebody else has made the parent in between', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'make-directories-'))
  const deep = join(folder, 'x', 'y')
  const make = jest.fn<MakeDirectory>(mkdir).mockImplementationOnce(async () => {
    await mkdir(join(folder, 'x'))
    return fail('ENOENT')
  })
  await makeDirectories(deep, make)
  expect((await stat(deep)).isDirectory()).toBe(true)
  expect(make).toHaveBeenCalledTimes(2)
  await rm(folder, { recursive: true })
})

test('gives up where a directory cannot be made although its parent exists', async () => {
  const make = jest.fn<MakeDirectory>(() => fail('ENOENT'))
  await expect(makeDirectories(join(tmpdir(), 'never'), make)).rejects.toMatchObject({ code: 'ENOENT' })
  expect(make).toHaveBeenCalledTimes(2)
})

test('gives up at the root, and at errors that no parent can mend', async () => {
  await expect(makeDirectories('/', () => fail('ENOENT'))).rejects.toMatchObject({ code: 'ENOENT' })
  const make = jest.fn<MakeDirectory>(() => fail('EACCES'))
  await expect(makeDirectories(join(tmpdir(), 'p', 'q'), make)).rejects.toMatchObject({ code: 'EACCES' })
  expect(make).toHaveBeenCalledTimes(1)
})
