// The repository as the checks see it: packages with their manifests, and files found without following links.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'

const skipped = new Set(['node_modules', 'dist', '.git', '.cache', 'coverage'])

/** The folder that a check works on: its first argument that is no option, or the folder it is run in. */
export function rootFromArguments() {
  return resolve(process.argv.slice(2).find((argument) => !argument.startsWith('-')) ?? '.')
}

/** Every folder of `packages/` with a package.json, sorted: `{ folder, dir, name, manifest }`. */
export function readPackages(root) {
  const parent = join(root, 'packages')
  if (!existsSync(parent)) return []
  return readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(parent, entry.name, 'package.json')))
    .map(({ name: folder }) => {
      const dir = join(parent, folder)
      const manifest = readJson(join(dir, 'package.json'))
      return { folder, dir, name: manifest.name, manifest }
    })
    .sort((a, b) => (a.folder < b.folder ? -1 : 1))
}

/** A JSON file, comments and trailing commas not allowed. */
export function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** All files below `dir` whose name matches, sorted, but not those of packages inside it; nothing when there is no `dir`. */
export function filesBelow(dir, matches) {
  if (!existsSync(dir)) return []
  const found = []
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) {
      if (!skipped.has(entry.name) && !existsSync(join(path, 'package.json'))) found.push(...filesBelow(path, matches))
    } else if (entry.isFile() && matches.test(entry.name)) {
      found.push(path)
    }
  }
  return found.sort()
}

/** `path` as people write it: relative to the root, with slashes. */
export function shown(root, path) {
  return relative(root, path).split(sep).join('/')
}

/** Prints the violations, or what was checked, and sets the exit code. */
export function report(title, violations, summary) {
  for (const violation of violations) console.error(`${title}: ${violation}`)
  if (violations.length > 0) {
    console.error(`${title}: ${violations.length} ${violations.length === 1 ? 'violation' : 'violations'}`)
    process.exitCode = 1
  } else {
    console.log(`${title}: ok, ${summary}`)
  }
}
