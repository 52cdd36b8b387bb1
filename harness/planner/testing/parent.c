int planner_parent(void) { return 1; }
