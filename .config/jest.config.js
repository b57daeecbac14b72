// ESM + TypeScript from `src`, no build: packages resolve through the `@torrential/source` export condition.
// ('import' and 'default' must stay out of customExportConditions: they would apply to require() inside jest too.)
export default {
  rootDir: '..',
  testEnvironment: '<rootDir>/.config/strict-environment.js',
  extensionsToTreatAsEsm: ['.ts'],
  testMatch: ['<rootDir>/packages/*/test/**/*.test.ts', '<rootDir>/examples/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['/dist/', '/bundle/'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        module: { type: 'es6' },
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', dynamicImport: true, importMeta: true, explicitResourceManagement: true },
        },
      },
    ],
  },
  testEnvironmentOptions: { customExportConditions: ['@torrential/source', 'node', 'node-addons'] },
  // A limit for hanging tests, not a judgement of speed: machines are shared and slow at times.
  testTimeout: 60_000,
  // Many tests wait for other programs: a core more than jest would take by itself halves the time.
  maxWorkers: '100%',
  coverageProvider: 'v8',
  collectCoverageFrom: ['packages/*/src/**/*.ts'],
  reporters: ['default', '<rootDir>/.config/closing-line-reporter.js'],
}
