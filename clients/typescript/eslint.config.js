import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist", ".test", "node_modules", "src/openapi.ts", "eslint.config.js", "scripts", "examples"] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { project: "./tsconfig.json", tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-confusing-void-expression": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // JSON from outside is read by names that no type promises.
      "@typescript-eslint/dot-notation": "off",
    },
  },
  // The compiler checks the types of tests, and types of frameworks take the linter long to read.
  {
    files: ["test/**"],
    ...tseslint.configs.disableTypeChecked,
    rules: { ...tseslint.configs.disableTypeChecked.rules, "@typescript-eslint/no-non-null-assertion": "off" },
  },
);
