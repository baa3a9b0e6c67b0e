/** version is that of this package, which is the service's. */
export const version = "0.1.0";
