// What the pages of drivers can do where scripts run: they work without.
export {};
