// Every example of the repository, run as a reader would run it: with plain node, on the built packages. The test command builds
// them first.

import { expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const patience = 120_000

function examplesIn(folder: string): string[] {
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile())
  return names.filter(({ name }) => name.endsWith('.js')).map(({ name }) => relative(root, join(folder, name)))
}

function packagesWithExamples(): string[] {
  const packages = readdirSync(join(root, 'packages'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const folders = packages.map(({ name }) => join(root, 'packages', name))
  return folders.filter((folder) => readdirSync(folder).includes('examples')).map((folder) => join(folder, 'examples'))
}

interface Run {
  readonly code: number | string | null
  readonly stdout: string
  readonly stderr: string
}

function run(path: string): Promise<Run> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, path)], { cwd: root, timeout: patience }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? error.signal ?? 'unknown'), stdout, stderr })
    })
  })
}

const examples = [join(root, 'examples'), ...packagesWithExamples()].flatMap(examplesIn)

test('the three ways of use have an example each', () => {
  const own = examples.filter((path) => path.startsWith('examples')).map((path) => path.replaceAll('\\', '/'))
  expect(own).toEqual(['examples/compose.js', 'examples/events.js', 'examples/pipe-a-file.js'])
})

test.each(examples)(
  '%s runs by itself, prints something and exits with 0',
  async (path) => {
    const { code, stdout, stderr } = await run(path)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.trim()).not.toBe('')
  },
  patience,
)
