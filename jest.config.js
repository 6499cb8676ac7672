// Tests run on the build: workers and solver processes need JavaScript entries, and tsc has type-checked the tests by then.
export default {
  rootDir: 'dist',
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testMatch: ['**/*.test.js'],
  testEnvironment: 'node',
  transform: {},
  testTimeout: 60_000,
  // Much of the time is spent waiting for programs that tests start: leaving a processor free, as is the default, costs a third.
  maxWorkers: '100%',
};
