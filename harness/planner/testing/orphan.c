int planner_parent(void);
int main(void) { return planner_parent() - 1; }
