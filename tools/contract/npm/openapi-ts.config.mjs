// How Hey API makes its client: by default, but for imports that Node.js can
// follow without a bundler.
export default {
  input: '../../../openapi.yaml',
  output: { path: 'heyapi/api', importFileExtension: '.ts' },
};
