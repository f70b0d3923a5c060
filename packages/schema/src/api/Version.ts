/** The version that is running; the same as in the root's `package.json`, which a test compares. */
export const version = "0.1.0"
