// Tells whether programs of a kind can be made and run here.
int main(void) { return 0; }
