/** Modules that are read when they are needed, and not before. @module */

/**
 * Imports a module of this folder. In place of `import()` with a literal: Deno reads all that literals name, and the
 * libraries that those use, before anything runs. `T` is the module's type: `typeof import("./name.ts")`.
 */
export async function lazily<T>(file: string): Promise<T> {
  return await import(file) as T;
}
